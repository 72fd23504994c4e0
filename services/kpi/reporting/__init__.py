"""Daily and monthly reports, intelligence, month-end hand-in (报告)."""
