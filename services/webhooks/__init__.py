"""The registry of webhook endpoints: its facts, rules and routes. Served by every service."""
