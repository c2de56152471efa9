"""Every knob of the adapter: default, unit, meaning. Environment GVQ_*, or a file GVQ_ENV_FILE."""

import os

from pydantic import Field, SecretStr, field_validator, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from coordinator.names import Name

#: Signs of life come once a second (fallback.py); a few may be lost with an AMI session.
LEAST_FALLBACK_S = 5.0


class Settings(BaseSettings):
    """Read once at the start; nothing else reads the environment."""

    model_config = SettingsConfigDict(
        env_prefix="GVQ_", env_file=os.environ.get("GVQ_ENV_FILE"), extra="ignore"
    )

    coordinator_url: str = Field(
        "http://127.0.0.1:8800",
        description="Base URL (http, https, ws, wss); several replicas separated by commas.",
    )
    box: Name = Field(description="This box's name; its token must be for it.")
    token: SecretStr = Field(description="The box's bearer token.")

    ami_host: str = Field("127.0.0.1", description="Where Asterisk's manager listens.")
    ami_port: int = Field(5038, gt=0, lt=65_536, description="TCP port of the manager.")
    ami_username: str = Field("gvq", description="Section of manager.conf.")
    ami_secret: SecretStr = Field(description="Its secret; only an MD5 of it is ever sent.")
    ami_deadline_s: float = Field(
        5.0, gt=0, description="An action not answered for so long ends the AMI session."
    )
    ami_ping_s: float = Field(2.0, gt=0, description="How often the AMI peer is asked if it lives.")

    trunk: str = Field(
        "PJSIP/{resource}@gvq-{home}",
        description="Dial string of an agent whose home is another box; also {tech} and {agent}.",
    )
    fallback_after_s: float = Field(
        0.0, ge=0, description="Line away so long: callers are sent on. 0: keep holding."
    )
    fallback_context: str = Field(
        "", description="Dialplan context they are sent to, at the extension named as the queue."
    )

    lamps_away_s: float = Field(
        10.0, gt=0, description="Line away so long: lamps (Custom:Queue:…) say UNAVAILABLE."
    )

    reconnect_min_s: float = Field(0.1, gt=0, description="First pause after a lost connection.")
    reconnect_max_s: float = Field(
        2.0,
        gt=0,
        description="Longest pause; each one doubles. Well below the coordinator's GVQ_LEASE_S: a "
        "restarted one decides without a box that is not back by then.",
    )
    refused_retry_s: float = Field(
        15.0, gt=0, description="Pause after a refusal only the operator can mend."
    )
    link_timeout_s: float = Field(
        3.0, gt=0, description="A coordinator silent to a WebSocket ping for so long is gone."
    )
    backlog: int = Field(
        20_000, gt=1, description="Events kept for a coordinator that is away; then a new epoch."
    )

    @property
    def coordinator_urls(self) -> tuple[str, ...]:
        """The replicas, in the order in which they are tried."""
        return tuple(u.strip().rstrip("/") for u in self.coordinator_url.split(",") if u.strip())

    @field_validator("coordinator_url")
    @classmethod
    def _speaks_http(cls, text: str) -> str:
        urls = [url.strip() for url in text.split(",") if url.strip()]
        schemes = ("http://", "https://", "ws://", "wss://")
        if not urls or not all(url.startswith(schemes) for url in urls):
            raise ValueError("GVQ_COORDINATOR_URL needs http, https, ws or wss URLs")
        return text

    @field_validator("trunk")
    @classmethod
    def _trunk_has_known_fields(cls, template: str) -> str:
        try:
            template.format(tech="PJSIP", resource="101", home="a", agent="ann")
        except (KeyError, IndexError, ValueError) as error:
            raise ValueError("GVQ_TRUNK may use {tech}, {resource}, {home}, {agent}") from error
        return template

    @field_validator("fallback_after_s")
    @classmethod
    def _outlasts_a_hiccup(cls, after_s: float) -> float:
        if 0 < after_s < LEAST_FALLBACK_S:
            raise ValueError(f"GVQ_FALLBACK_AFTER_S is 0 or at least {LEAST_FALLBACK_S:g}")
        return after_s

    @model_validator(mode="after")
    def _fallback_is_whole(self) -> "Settings":
        if self.fallback_after_s and not self.fallback_context:
            raise ValueError("GVQ_FALLBACK_AFTER_S needs GVQ_FALLBACK_CONTEXT")
        return self
