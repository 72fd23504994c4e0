"""The day of a person (今日): what is overdue, due, planned, returned, asked of them; each noun adds its sections."""
