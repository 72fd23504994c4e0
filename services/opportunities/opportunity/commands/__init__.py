"""The bodies of this service's commands: the HTTP body is the command. No rule lives here."""
