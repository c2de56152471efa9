"""Settings that cannot work are refused at the start, in one sentence."""

import pytest
from pydantic import ValidationError

from ami_adapter.settings import Settings
from coordinator.settings import Settings as CoordinatorSettings


def test_the_environment_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    values = {
        "COORDINATOR_URL": "http://one:8800/, https://two", "BOX": "a", "TOKEN": "t",
        "AMI_HOST": "h", "AMI_PORT": "5039", "AMI_USERNAME": "u", "AMI_SECRET": "s",
    }  # fmt: skip
    for name, value in values.items():
        monkeypatch.setenv(f"GVQ_{name}", value)
    settings = Settings()
    assert settings.coordinator_urls == ("http://one:8800", "https://two")
    assert (settings.ami_port, settings.trunk) == (5039, "PJSIP/{resource}@gvq-{home}")
    assert "s" not in repr(settings.ami_secret)


@pytest.mark.parametrize(("name", "value", "why"), [
    ("coordinator_url", "", "needs http"),
    ("coordinator_url", "http://a, ftp://b", "needs http"),
    ("box", "a/b", "pattern"),
    ("trunk", "PJSIP/{number}@{home}", "may use"),
    ("trunk", "PJSIP/{", "may use"),
    ("fallback_after_s", 5, "needs GVQ_FALLBACK_CONTEXT"),
    ("fallback_after_s", 4, "0 or at least 5"),
    ("backlog", 1, "greater than 1"),
])  # fmt: skip
def test_what_cannot_work_is_refused(name: str, value: object, why: str) -> None:
    values = {"box": "a", "token": "t", "ami_secret": "s", name: value}
    with pytest.raises(ValidationError, match=why):
        Settings.model_validate(values)


def test_an_adapter_tries_twice_at_least_within_the_lease() -> None:
    """Who comes back later than that is decided without."""
    longest = Settings.model_fields["reconnect_max_s"].default
    assert 2 * longest < CoordinatorSettings.model_fields["lease_s"].default
