"""HTTP routes of the accounts service, by noun."""
