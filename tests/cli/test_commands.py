"""Every command against a real coordinator: what it does, what it prints, how it is refused."""

import asyncio
import json
from pathlib import Path

import pytest

import ami_adapter
from coordinator.protocol import Leave
from tests.cli.conftest import Run
from tests.service.adapter import peer_at

DIALPLAN = Path(ami_adapter.__file__).parent / "dialplan"


def made(live: Run) -> None:
    """A queue with a member, under names this file uses throughout."""
    live("queue", "put", "sales", "--strategy", "leastrecent", "--timeout", "20")
    live("agent", "put", "ann", "--interface", "PJSIP/101", "--display-name", "Ann Adams")
    live("member", "put", "sales", "ann", "--penalty", "2")


def test_queues(live: Run) -> None:
    made(live)
    assert live("queue", "put", "sales").out == "Queue sales is saved.\n"
    listed = {row["name"]: row for row in live("queue", "list", "--json").json}
    assert listed["sales"]["strategy"] == "leastrecent"
    assert "sales" in live("queue", "list").out
    shown = live("queue", "show", "sales", "--json").json
    (member,) = shown["agents"]
    assert (member["agent"], member["penalty"], member["state"]) == ("ann", 2, "offline")
    assert shown["waiting"] == []
    assert "offline" in live("queue", "show", "sales").out
    assert live("queue", "callers", "sales", "--json").json == []
    settings = ("announce-frequency=30", "ringing=yes", "periodic_announce=one,two", "context=keys")
    live("queue", "put", "loud", *(word for each in settings for word in ("--set", each)))
    loud = live("queue", "show", "loud", "--json").json
    assert (loud["announce_frequency"], loud["ringing"]) == (30, True)
    assert (loud["periodic_announce"], loud["context"]) == ("one,two", "keys")
    put = "queue", "put", "taped", "--set"
    live(*put, "monitor-format=wav", "--set", "setinterfacevar=yes", "--set", "membergosub=popup,a")
    taped = live("queue", "show", "taped", "--json").json
    assert (taped["monitor_format"], taped["setinterfacevar"]) == ("wav", True)
    assert taped["membergosub"] == "popup,a"
    refused = live(*put, "monitor-format=../x")
    assert refused.status != 0
    assert "'../x' is no file format; it has letters and digits, as wav" in refused.err
    shown_so = live("queue", "show", "loud").out
    assert shown_so.startswith("name ")
    assert "monitor_format" not in shown_so
    assert ["joinempty", "yes"] in [line.split() for line in shown_so.splitlines()]
    assert ["leavewhenempty", "no"] in [line.split() for line in shown_so.splitlines()]
    assert "one,two" in shown_so
    assert "queue_thankyou" not in shown_so
    brief = live("queue", "put", "brief", "--timeout", "20", "--leavewhenempty", "loose")
    assert brief.out == "Queue brief is new: timeout 20, leavewhenempty penalty,invalid.\n"
    assert live("queue", "put", "brief", "--set", "announce-frequency=60").out == (
        "Queue brief is saved: announce_frequency 60.\n"
    )
    kept = live("queue", "show", "brief", "--json").json
    assert (kept["timeout"], kept["leavewhenempty"], kept["retry"]) == (20, "penalty,invalid", 5)
    refused = live("queue", "put", "brief", "--defaultrule", "none")
    assert refused.err == "gvq: There is no penalty rule named 'none'.\n"
    assert live("queue", "delete", "brief").out == "Queue brief is gone.\n"


def test_rules(live: Run) -> None:
    put = ("rule", "put", "patience", "--change", "120,10", "--change", "30,+2,,r5")
    assert live(*put).out == "Rule patience is saved.\n"
    changes = [
        {"after_s": 30, "max": "+2", "min": "", "raise": "r5"},
        {"after_s": 120, "max": "10", "min": "", "raise": ""},
    ]
    shown = {"name": "patience", "changes": changes}
    assert live("rule", "list", "--json").json == [shown]
    assert live("rule", "show", "patience", "--json").json == shown
    assert "patience  30,+2,,r5 120,10\n" in live("rule", "list").out
    assert [line.split() for line in live("rule", "show", "patience").out.splitlines()] == [
        ["after,", "s", "max", "min", "raise"], ["30", "+2", "r5"], ["120", "10"],
    ]  # fmt: skip
    assert live("queue", "put", "patient", "--defaultrule", "patience").status == 0
    assert live("queue", "show", "patient", "--json").json["defaultrule"] == "patience"
    refused = live("rule", "delete", "patience")
    assert refused.err.startswith("gvq: Penalty rule 'patience' is the defaultrule of queue")
    live("queue", "delete", "patient")
    assert live("rule", "delete", "patience").out == "Rule patience is gone.\n"


def test_agents(live: Run) -> None:
    made(live)
    assert live("agent", "put", "ann", "--interface", "PJSIP/102").out == (
        "Agent ann is saved: interface PJSIP/102.\n"
    )
    assert "Ann Adams" in live("agent", "list").out
    local = live("agent", "put", "lola", "--interface", "Local/105@agents").out
    assert local.endswith("so it is never rung: give a --state-interface.\n")
    told = live("agent", "put", "lola", "--state-interface", "Custom:lola").out
    assert told == "Agent lola is saved: state_interface Custom:lola.\n"
    assert live("agent", "put", "nobody").err.startswith("gvq: body.interface: ")
    assert live("agent", "login", "ann").out == "Agent ann is logged in.\n"
    assert live("agent", "pause", "ann", "--reason", "lunch").out == "Agent ann is paused.\n"
    ann = next(row for row in live("agent", "list", "--json").json if row["name"] == "ann")
    assert (ann["logged_in"], ann["paused"], ann["pause_reason"]) == (True, True, "lunch")
    assert "Ann Adams" in live("agent", "list").out
    assert live("agent", "unpause", "ann", "--reason", "back", "--json").json[0]["paused"] is False
    live("member", "put", "sales", "ann", "--wrapuptime", "30", "--ringinuse")
    paused = live("agent", "pause", "ann", "--queue", "sales", "--reason", "lunch")
    assert paused.out == "Agent ann is paused in sales.\n"
    assert "sales:" in live("agent", "list").out
    (member,) = live("queue", "show", "sales", "--json").json["agents"]
    shown = member["membership"]
    assert (shown["paused"], shown["wrapuptime"], shown["ringinuse"]) == (True, 30, True)
    live("agent", "unpause", "ann", "--queue", "sales")
    assert live("agent", "logout", "ann").status == 0
    live("agent", "put", "gone", "--interface", "PJSIP/199")
    assert live("agent", "delete", "gone").out == "Agent gone is gone.\n"


async def one_gives_up(url: str, token: str) -> None:
    """A caller who joins sales and hangs up."""
    async with peer_at(url, "past", token) as peer:
        await peer.hello()
        await peer.snapshot()
        assert (await peer.tell(peer.caller("1", caller_id_num="5550100"))).code == "ok"
        left = Leave(call_id="past-1-1", outcome="abandoned")
        assert (await peer.tell(left)).code == "ok"


def test_a_call_that_is_over_is_found_and_told(live: Run, coordinator: tuple[str, str]) -> None:
    made(live)
    token = live("box", "add", "past", "--json").json["token"]
    asyncio.run(one_gives_up(coordinator[0], token))
    found: list[dict[str, object]] = []
    while not found:  # until the history has it
        found = live("call", "list", "--caller", "5550100", "--json").json
    assert (found[0]["call_id"], found[0]["outcome"]) == ("past-1-1", "abandoned")
    assert "past-1-1" in live("call", "list", "--queue", "sales").out
    assert "Not available: ann (offline)." in live("why", "past-1-1").out
    assert live("call", "list", "--caller", "nobody", "--json").json == []


async def two_wait(run: Run, url: str, token: str) -> None:
    """Two callers in sales; the second is moved ahead, the first withdrawn; figures start anew."""
    async with peer_at(url, "moved", token) as peer:
        await peer.hello()
        await peer.snapshot()
        for number in ("1", "2"):
            assert (await peer.tell(peer.caller(number))).code == "ok"
        assert await said(run, "call", "priority", "moved-2-1", "5") == (
            "Call moved-2-1 is at position 1.\n"
        )
        assert await said(run, "call", "withdraw", "moved-1-1", "--reason", "closing") == (
            "Call moved-1-1 is withdrawn.\n"
        )
        shown = json.loads(await said(run, "queue", "show", "sales", "--json"))
        assert [caller["call_id"] for caller in shown["waiting"]] == ["moved-2-1"]
        assert shown["abandoned"] > 0
        await said(run, "call", "withdraw", "moved-2-1")
    assert await said(run, "queue", "reset", "sales") == "Queue sales counts from nothing.\n"
    shown = json.loads(await said(run, "queue", "show", "sales", "--json"))
    assert shown["abandoned"] == 0


async def said(run: Run, *arguments: str) -> str:
    """What a command printed; it does not hold up whoever plays a box meanwhile."""
    return (await asyncio.to_thread(run, *arguments)).out


def test_a_caller_who_waits_is_moved_and_withdrawn(live: Run, coordinator: tuple[str, str]) -> None:
    made(live)
    token = live("box", "add", "moved", "--json").json["token"]
    asyncio.run(two_wait(live, coordinator[0], token))
    refused = live("call", "priority", "moved-1-1", "3")
    assert refused.status == 1
    assert "moved-1-1" in refused.err


def test_several_agents_at_once(live: Run) -> None:
    for agent in ("bob", "cal"):
        live("agent", "put", agent, "--interface", f"PJSIP/{agent}")
    assert live("agent", "login", "bob", "cal").out == (
        "Agent bob is logged in.\nAgent cal is logged in.\n"
    )


def test_members(live: Run) -> None:
    made(live)
    put = "member", "put", "sales", "ann"
    own = ("--as-queue", "wrapuptime", "--as-queue", "ringinuse")
    assert live(*put, *own).out == "Agent ann serves sales with penalty 2.\n"
    assert live(*put).out == "Agent ann serves sales with penalty 2.\n"
    told = "Agent ann serves sales with penalty 2, wrapuptime 30, ringinuse yes.\n"
    assert live(*put, "--ringinuse", "--wrapuptime", "30").out == told
    assert live(*put, "--penalty", "3", "--as-queue", "wrapuptime").out == (
        "Agent ann serves sales with penalty 3, ringinuse yes.\n"
    )
    assert live("member", "delete", "sales", "ann").out == "Agent ann no longer serves sales.\n"


def test_what_a_box_is_to_include_is_what_is_shipped(live: Run) -> None:
    told = map(str.strip, live("box", "add", "box2").out.splitlines())
    lines = [line for line in told if line.startswith(("#include", "["))]
    assert lines == ["#include gvq/manager.conf", "[gvq](gvq-adapter)", "#include gvq/gvq.conf"]
    shipped = {path.name: path.read_text("utf-8") for path in DIALPLAN.iterdir()}
    assert {"manager.conf", "gvq.conf"} < set(shipped)
    assert "\n[gvq-adapter](!)\n" in shipped["manager.conf"]
    assert set(lines) < set(map(str.strip, shipped["README.md"].splitlines()))
    live("box", "delete", "box2")


def test_a_box_is_told_its_token_and_what_to_do(live: Run) -> None:
    told = live("box", "add", "box1").out
    assert "Box box1 may link" in told
    assert "gvq_" in told
    assert "GVQ_BOX=box1" in told
    assert "core reload" in told
    assert "include => gvq-codes" in told
    again = live("box", "add", "box1")
    assert again.status == 1
    assert (
        again.err == "gvq: Box box1 is there already; `gvq box token box1` makes another token.\n"
    )
    assert live("box", "token", "box1").out.startswith("gvq_")
    boxes = {row["name"]: row for row in live("box", "list", "--json").json}
    assert boxes["box1"]["attached"] is False
    assert live("box", "delete", "box1").out == "Box box1 is gone.\n"


def test_a_lost_admin_token_is_replaced_beside_the_database(
    live: Run, data_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("GVQ_API_TOKEN")
    monkeypatch.setenv("GVQ_DATA_DIR", str(data_dir))
    made = live("token", "add", "admin", "--local", "--label", "found again", "--json").json
    assert (made["role"], made["label"]) == ("admin", "found again")
    secret = live("token", "add", "admin", "--local").out.strip()
    for token in (made["token"], secret):
        monkeypatch.setenv("GVQ_API_TOKEN", token)
        assert "found again" in live("token", "list").out


def test_a_local_token_needs_the_database(gvq: Run, tmp_path: Path) -> None:
    with pytest.MonkeyPatch.context() as here:
        here.setenv("GVQ_DATA_DIR", str(tmp_path))
        nowhere = gvq("token", "add", "admin", "--local")
        here.setenv("GVQ_DATABASE_URL", "mysql://u:secret@db/gvq")
        wrong = gvq("token", "add", "admin", "--local")
    assert (nowhere.status, wrong.status) == (1, 1)
    assert nowhere.err.endswith("is not there; GVQ_DATA_DIR says where `gvq serve` is.\n")
    assert "mysql://" in wrong.err
    assert "secret" not in wrong.err
    assert list(tmp_path.iterdir()) == []


def test_tokens(live: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    token = live("token", "add", "read", "--label", "wall board", "--json").json
    assert "wall board" in live("token", "list").out
    with monkeypatch.context() as as_reader:
        as_reader.setenv("GVQ_API_TOKEN", token["token"])
        assert live("queue", "list").status == 0
        refused = live("queue", "put", "other")
        assert refused.err == "gvq: This token's role 'read' may not do this; it needs admin.\n"
    assert live("token", "revoke", token["id"]).status == 0
    monkeypatch.setenv("GVQ_API_TOKEN", token["token"])
    assert live("queue", "list").err == "gvq: A valid bearer token is needed.\n"


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("queue", "show", "none"), "There is no queue named 'none'."),
        (("queue", "show", "../boxes"), ""),
        (("queue", "put", "new", "--strategy", "fair"), "body.strategy: "),
        (
            ("queue", "put", "new", "--defaultrule", "none"),
            "There is no penalty rule named 'none'.",
        ),
        (
            ("queue", "put", "new", "--timeout", "-1"),
            "body.timeout: Input should be greater than or equal to 0, not -1",
        ),
        (("rule", "show", "none"), "There is no penalty rule named 'none'."),
        (("rule", "put", "new", "--change", "30"), "--change '30' is not seconds,max[,min"),
        (("rule", "put", "new", "--change", "30,1,2,3,4"), "--change '30,1,2,3,4' is not"),
        (("rule", "put", "new", "--change", "soon,5"), "--change 'soon,5' is not seconds,max"),
        (("rule", "put", "new", "--change", "1,x"), "body.changes.0.max: String should match"),
        (("rule", "put", "new", "--change", "1,,"), "body.changes.0: changes nothing"),
        (("agent", "login", "none"), "There is no agent named 'none'."),
        (("member", "put", "none", "none"), "There is no "),
        (("box", "token", "none"), "There is no box named 'none'."),
        (("why", "none"), "There is no call 'none'."),
    ],
)
def test_a_refusal_is_its_own_sentence(
    live: Run, arguments: tuple[str, ...], sentence: str
) -> None:
    ran = live(*arguments)
    assert ran.status == 1
    assert ran.out == ""
    assert ran.err.startswith(f"gvq: {sentence}")


def test_the_journal_is_exported_and_verified(live: Run, tmp_path: Path) -> None:
    made(live)
    file = tmp_path / "day.jsonl"
    assert live("journal", "export", str(file)).status == 0
    assert live("journal", "export").out.startswith(file.read_text())
    verdict = live("verify", str(file), "--json").json
    assert verdict["ok"] is True
    assert verdict["entries"] == len(file.read_text().splitlines()) > 0
    assert live("verify").status == 0
