"""The feed of facts: one envelope, one cursor, whichever way it is carried. Knows no business and sends nothing."""
