"""Commands on an opportunity over HTTP."""
