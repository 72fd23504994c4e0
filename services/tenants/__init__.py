"""What the operator does to a whole tenant: open, suspend, resume, archive, delete. Over the database, never over HTTP.

The operator belongs to no tenant, and every credential of the HTTP interface to exactly one (docs/decisions/0017).
"""
