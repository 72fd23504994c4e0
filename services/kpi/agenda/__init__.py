"""What is due, for whom, and what is late (日程)."""
