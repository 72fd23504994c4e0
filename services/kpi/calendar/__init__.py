"""Working days, sales months (日历)."""
