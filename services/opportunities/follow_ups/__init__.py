"""Follow-up duty: contacts made and planned, what is due and overdue, the day of a person."""
