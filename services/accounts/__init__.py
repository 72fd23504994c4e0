"""The accounts service: organisation, accounts and their key persons."""
