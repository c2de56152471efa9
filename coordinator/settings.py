"""Every knob of the coordinator: default, unit, meaning. From GVQ_* or a file GVQ_ENV_FILE."""

import os
import socket
from pathlib import Path
from typing import Any, Literal

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict

from coordinator.names import Name


def _name_of_the_place(settings: dict[str, Any]) -> str:
    return f"{socket.gethostname()}:{settings['listen'].rpartition(':')[2]}"


class Settings(BaseSettings):
    """Read once at the start; nothing else reads the environment."""

    model_config = SettingsConfigDict(
        env_prefix="GVQ_", env_file=os.environ.get("GVQ_ENV_FILE"), extra="ignore"
    )

    data_dir: Path = Field(Path("data"), description="Embedded Valkey's AOF and SQLite live here.")
    listen: str = Field("127.0.0.1:8800", description="host:port of REST, SSE and adapters' links.")
    ami_listen: str | None = Field(
        None, description="host:port of the virtual manager (AMI); none: there is none."
    )
    ami_users: Path | None = Field(
        None, description="Its users, in manager.conf's syntax; not readable by others."
    )
    redis_url: str | None = Field(None, description="Redis or Valkey ≥ 7; none: an embedded one.")
    database_url: str | None = Field(None, description="SQLAlchemy URL; none: SQLite in data_dir.")
    tenant: Name = Field("default", description="All keys of a tenant share one hash tag.")
    name: str = Field(
        default_factory=_name_of_the_place,
        description="This replica's name; the same after a restart, or it is not recognised.",
    )

    lease_s: float = Field(5.0, gt=0, description="A box silent for so long is detached.")
    heartbeat_s: float = Field(1.0, gt=0, description="How often an adapter says it lives.")
    detach_timeout_s: float = Field(
        300.0, gt=0, description="A detached box's callers are recorded as lost after this."
    )
    offer_grace_s: float = Field(
        5.0, ge=0, description="Beyond the ring timeout, before the line itself ends an offer."
    )
    age_grace_s: float = Field(
        2.0, ge=0, description="A box may claim an age of its link's outage plus this."
    )
    journal_keep: int = Field(
        1_000_000, gt=0, description="Entries kept in Redis once SQL has them."
    )

    lamps: Literal["off", "queues", "members"] = Field(
        "members",
        description="Device states for hints on every box: none, two a queue, also one a member.",
    )

    queue_log: Path | None = Field(
        None, description="File that gets Asterisk's queue_log of the whole line; none: no file."
    )
    queue_log_table: bool = Field(
        False, description="The same into the table queue_log; alike on all replicas."
    )
    queue_log_agent: Literal["interface", "name"] = Field(
        "interface", description="What stands for an agent there (log_membername_as_agent)."
    )
    queue_log_caller_name: bool = Field(
        False, description="ENTERQUEUE has the caller's name too (log-caller-id-name)."
    )
