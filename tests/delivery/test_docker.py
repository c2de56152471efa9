"""The container examples speak of settings, files and modules that exist."""

import re

import pytest

from ami_adapter.settings import Settings as AdapterSettings
from coordinator.settings import Settings as CoordinatorSettings
from tests.delivery.tree import ROOT, read, texts

COMPOSE = read("docker/compose.yaml")
SETTINGS = {
    f"GVQ_{name.upper()}"
    for settings in (AdapterSettings, CoordinatorSettings)
    for name in settings.model_fields
}
#: Read by docker/asterisk/start-box, which tells what they mean.
BOX_VARIABLES = set(re.findall(r"^#   (GVQ_\w+)", read("docker/asterisk/start-box"), re.MULTILINE))


def test_compose_sets_only_settings_that_exist() -> None:
    used = set(re.findall(r"\b(GVQ_\w+): ", COMPOSE))
    assert used - SETTINGS - BOX_VARIABLES == set()


def test_start_box_reads_what_it_documents() -> None:
    assert set(re.findall(r"\$\{(GVQ_\w+):", read("docker/asterisk/start-box"))) == BOX_VARIABLES


def test_example_env_has_every_variable_of_compose() -> None:
    named = set(re.findall(r"^(\w+)=", read("docker/example.env"), re.MULTILINE))
    assert set(re.findall(r"\$\{(\w+):[?-]", COMPOSE)) - named == {"VALKEY_IMAGE", "POSTGRES_IMAGE"}
    assert named <= set(re.findall(r"\$\{(\w+):", COMPOSE))


def test_example_env_holds_no_secret() -> None:
    lines = read("docker/example.env").splitlines()
    assert [line for line in lines if re.match(r"\w*(PASSWORD|SECRET|TOKEN)\w*=.", line)] == []


@pytest.mark.parametrize("name", [n for n in texts() if n.endswith("Dockerfile")])
def test_dockerfiles_copy_what_exists_and_run_as_nobody_special(name: str) -> None:
    text = read(name)
    sources = [s for line in re.findall(r"^COPY (?!--)(.+) \S+$", text, re.M) for s in line.split()]
    assert [source for source in sources if not (ROOT / source).exists()] == []
    assert re.findall(r"^USER (\w+)$", text, re.M) not in ([], ["root"])
