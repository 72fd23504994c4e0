"""Names in the log that signing in relies on: how standing fields and claims are called. Nothing else."""

from __future__ import annotations

PROVIDER_FIELD = "identity_provider."
"""Prefix of the tenant's standing fields that hold its identity providers, one field each; null: no longer trusted."""
KEY_FIELD = "key."
"""Prefix of an API client's standing fields that hold its keys by number, one field each."""
PERSON_REF = "person.external_ref"
"""The claim scope of staff references in other systems: each belongs to one person of the tenant."""
