"""Bodies of the later commands on staff: deputies, personal data. No rule lives here; those are in person.py."""

from __future__ import annotations

from typing import Self
from uuid import UUID

from pydantic import ConfigDict, Field, model_validator
from pydantic_core import PydanticCustomError

from services.accounts.commands import Command, Day, Mail, Name, Phone, like


class AppointDeputy(Command):
    """Let somebody stand in for the person: they see what the person sees and approve in their place, until a day."""

    model_config = ConfigDict(
        **like(deputy_id="3f1c3a52-6b0e-5c4e-9f57-0d8a2f1c7b11", until="2026-03-31"), populate_by_name=True
    )

    deputy_id: UUID
    until: Day = Field(description="The last day, in the tenant's zone; at most a year after the first.")
    since: Day | None = Field(default=None, alias="from", description="The first day; default today.")


class DismissDeputy(Command):
    """Say that somebody stands in for the person no more, from now on."""

    model_config = like(deputy_id="3f1c3a52-6b0e-5c4e-9f57-0d8a2f1c7b11")

    deputy_id: UUID


class ChangePersonal(Command):
    """Change name, phone or mail: only the fields named; null empties phone or mail. Kept in the vault."""

    model_config = like(phone="021-5555 8888")

    name: Name | None = None
    phone: Phone | None = None
    mail: Mail | None = None

    @model_validator(mode="after")
    def _says_something(self) -> Self:
        if not self.model_fields_set:
            raise PydanticCustomError("nothing_named", "name at least one field to change")
        if "name" in self.model_fields_set and self.name is None:
            raise PydanticCustomError("kept", "a person keeps a name")
        return self

    def personal(self) -> dict[str, str | None]:
        """The fields named, as the vault takes them; None empties one."""
        return {name: getattr(self, name) for name in ("name", "phone", "mail") if name in self.model_fields_set}
