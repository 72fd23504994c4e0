"""Every setting, read from the environment. Holds values, decides nothing.

Each is described in docs/settings.md; a test fails when one is not.
"""

from __future__ import annotations

import re
from functools import lru_cache
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, SecretStr, field_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict


class Settings(BaseSettings):
    """`DAKEHU_<NAME>`, but for those that carry a name of their own."""

    model_config = SettingsConfigDict(env_prefix="DAKEHU_", frozen=True, extra="ignore", populate_by_name=True)

    env: Literal["development", "production"] = "development"
    data: Path = Path(".data")
    host: str = "127.0.0.1"
    port: int = 8000
    accounts_port: int = 8001
    opportunities_port: int = 8002
    kpi_port: int = 8003
    work_port: int | None = None  # health and metrics of the worker
    grace_seconds: int = Field(default=10, ge=0)
    log_level: Literal["debug", "info", "warning", "error"] = "info"
    drain_seconds: float = Field(default=0, ge=0)  # unready for so long before a signal to stop is obeyed
    key_days: int = Field(default=30, ge=1)  # how long an idempotency key is remembered
    attempt_days: int = Field(default=90, ge=1)  # how long attempts of webhooks and notices about them are kept
    max_body_bytes: int = Field(default=1_048_576, ge=1_024)
    max_upload_bytes: int = Field(default=268_435_456, ge=1_024)
    attachment_bytes: int = Field(default=26_214_400, ge=1_024)  # the largest attachment
    attachments_per_record: int = Field(default=200, ge=1)
    attachments_tenant_bytes: int = Field(default=10_737_418_240, ge=0)  # of all attachments of a tenant; 0: no limit
    cursor_key: SecretStr | None = None  # signs cursors; 32 bytes in hex or base64; required in production
    api_key_secret: SecretStr | None = None  # hashes API keys; 32 bytes in hex or base64; required in production
    vault_key: SecretStr | None = None  # wraps the keys of tenants; 32 bytes in hex or base64; required in production
    vault_key_file: Path | None = None  # the same in a file
    vault_key_before: SecretStr | None = None  # the master key being replaced, until `dakehu rewrap` has run
    vault_key_before_file: Path | None = None  # the same in a file
    deletions_file: Path | None = None  # the list of deleted tenants; default deleted-tenants.jsonl there
    erasures_file: Path | None = None  # the list of who was erased; default erasures.jsonl in the data folder
    limit_reads: int | None = Field(default=None, ge=0)  # these: requests a minute, of one principal or one tenant
    limit_tenant_reads: int | None = Field(default=None, ge=0)
    limit_commands: int | None = Field(default=None, ge=0)
    limit_tenant_commands: int | None = Field(default=None, ge=0)
    limit_heavy: int | None = Field(default=None, ge=0)  # reports over everything, exports
    limit_tenant_heavy: int | None = Field(default=None, ge=0)
    limit_lookups: int | None = Field(default=None, ge=0)  # phones asked for
    limit_tenant_lookups: int | None = Field(default=None, ge=0)
    limit_failures: int | None = Field(default=None, ge=0)  # credentials refused, of one client address
    limit_processes: int = Field(default=1, ge=1)  # into how many parts the budgets above are cut
    export_rows: int | None = Field(default=None, ge=0)  # a person may take away on a day
    export_rows_machines: int | None = Field(default=None, ge=0)  # an API key, an integration, an auditor
    table_rows: int = Field(default=10_000, ge=1)  # rows of a table sent as a file at once; longer ones are queued
    queued_rows: int = Field(default=1_000_000, ge=1, le=1_048_575)  # rows of a queued file
    webhook_origin: str = Field(default="dakehu", pattern=r"^[A-Za-z0-9.\-]{1,253}$")  # as whom we ask leave to send
    cors_origins: Annotated[tuple[str, ...], NoDecode] = ()  # whose pages may call us, separated by commas
    trusted_proxies: str = "127.0.0.1"  # whose X-Forwarded-For names the client
    webhook_proxy: SecretStr | None = None  # the way out of deliveries to public addresses: http://user:password@host
    database_url: str | None = Field(default=None, alias="DATABASE_URL", pattern=r"^postgres(ql)?(\+[a-z0-9]+)?://")

    @field_validator("cors_origins", mode="before")
    @classmethod
    def _listed(cls, given: object) -> object:
        return tuple(part.strip() for part in given.split(",") if part.strip()) if isinstance(given, str) else given

    @field_validator("webhook_proxy")
    @classmethod
    def _address(cls, given: SecretStr | None) -> SecretStr | None:
        if given is not None and not re.fullmatch(r"https?://[^/?#\s]+/?", given.get_secret_value()):
            raise ValueError("an address is wanted: http://proxy.example.com:3128")
        return given


@lru_cache
def settings() -> Settings:
    """The settings of this process, read once."""
    return Settings()
