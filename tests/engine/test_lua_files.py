"""Header, body, wrapper and outcomes of every transition belong together."""

import inspect
import re
from importlib.resources import files

import pytest

from coordinator.errors import REFUSALS
from coordinator.journal import TYPES
from coordinator.line import engine
from coordinator.line.keys import TABLE
from coordinator.line.types import STRATEGIES

LUA = files("coordinator.line") / "lua"
TRANSITIONS = sorted(f.name[:-4] for f in LUA.iterdir() if f.name.endswith(".lua"))
PARTS = ("Purpose", "Guarantee", "KEYS", "ARGV", "Returns", "Journal")
ALL_LUA = {
    f"{folder}{f.name}": f.read_text()
    for folder in ("", "lib/", "strategies/")
    for f in (LUA / folder if folder else LUA).iterdir()
    if f.name.endswith(".lua")
}


def header(name: str) -> dict[str, str]:
    text = (LUA / f"{name}.lua").read_text()
    block = "".join(f"{m}\n" for m in re.match(r"(--.*\n)+", text)[0].splitlines())  # type: ignore[index]
    parts = re.split(r"^-- (\w+) {2,}", block, flags=re.M)[1:]
    return {
        key: value.replace("\n--", " ") for key, value in zip(parts[::2], parts[1::2], strict=True)
    }


def body(name: str) -> str:
    return re.sub(r"--.*", "", (LUA / f"{name}.lua").read_text())


@pytest.mark.parametrize("name", TRANSITIONS)
def test_the_header_is_whole(name: str) -> None:
    assert tuple(header(name)) == PARTS
    assert all(value.strip() for value in header(name).values())


@pytest.mark.parametrize("name", TRANSITIONS)
def test_every_code_returned_stands_in_the_header_and_in_errors(name: str) -> None:
    returned = set(re.findall(r"return (?:stale or )?'(\w+)'", body(name))) - {"ok", "duplicate"}
    assert returned <= set(re.findall(r"\w+", header(name)["Returns"]))
    assert returned <= set(REFUSALS)


@pytest.mark.parametrize("name", TRANSITIONS)
def test_every_entry_of_the_header_is_in_the_vocabulary(name: str) -> None:
    assert set(re.findall(r"\b[a-z]+\.[a-z]+\b", header(name)["Journal"])) <= set(TYPES)


@pytest.mark.parametrize("name", TRANSITIONS)
def test_every_transition_registers_itself_and_has_a_wrapper(name: str) -> None:
    assert f"transition('{name}'" in body(name)
    source = inspect.getsource(engine)
    assert re.search(rf'_(?:ask|call|event)\(\s*"{name}"', source)


def test_the_body_reads_only_arguments_the_header_names() -> None:
    for name in TRANSITIONS:
        used = set(re.findall(r"\barg\.(\w+)", body(name)))
        assert used <= set(re.findall(r"\w+", header(name)["ARGV"])), name


def test_only_keys_of_the_table_are_built() -> None:
    for name, text in ALL_LUA.items():
        assert set(re.findall(r"\bK\.(\w+)\(", text)) <= set(TABLE), name


def test_no_lua_file_outgrows_its_room() -> None:
    assert not [name for name, text in ALL_LUA.items() if text.count("\n") > 260]


def test_every_strategy_has_its_piece() -> None:
    pieces = {name[len("strategies/") : -4] for name in ALL_LUA if name.startswith("strategies/")}
    assert pieces == set(STRATEGIES)
