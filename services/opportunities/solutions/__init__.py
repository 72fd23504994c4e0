"""Solution requests: drafted by technical support, approved by the account manager."""
