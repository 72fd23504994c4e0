"""PostgreSQL: its address (`url`), the embedded server (`embedded`, `supervisor`), migrations. Imports nothing here:
the supervisor starts without third-party packages."""
