"""eventfilter: which events a login hears, as Asterisk 22's manager.conf.sample says."""

from pathlib import Path

import pytest

from coordinator.manager.filters import hears
from coordinator.manager.users import load

JOIN = (
    ("Event", "QueueCallerJoin"),
    ("Privilege", "agent,all"),
    ("Queue", "sales"),
    ("Count", "1"),
)
LEAVE = (("Event", "QueueCallerLeave"), ("Privilege", "agent,all"), ("Queue", "sales-2"))
PAUSE = (("Event", "QueueMemberPause"), ("Queue", "help"), ("Interface", "Local/1@x"))
EVENTS = {"join": JOIN, "leave": LEAVE, "pause": PAUSE}


@pytest.mark.parametrize(
    ("lines", "heard"),
    [
        ("", "join leave pause"),
        ("eventfilter = Event: QueueCallerJoin", "join"),
        ("eventfilter = Event:QueueCallerJoin", ""),
        ("eventfilter = Queue: sales", "join leave"),
        ("eventfilter = Event: Queue.*Queue: help", "pause"),
        ("eventfilter = !Queue: sales", "pause"),
        ("eventfilter = Queue: sales\neventfilter = !Event: QueueCallerLeave", "join"),
        ("eventfilter = Queue: help\neventfilter = Event: QueueCallerJoin", "join pause"),
        ("eventfilter(name(QueueMemberPause)) =", "pause"),
        ("eventfilter(name(queuememberpause)) =", ""),
        ("eventfilter(action(exclude),name(QueueMemberPause)) =", "join leave"),
        ("eventfilter(header(Queue),method(exact)) = sales", "join"),
        ("eventfilter(header(Queue),method(starts_with)) = sales", "join leave"),
        ("eventfilter(header(Queue), method(ends_with)) = 2", "leave"),
        ("eventfilter(method(contains)) = Count: 1", "join"),
        ("eventfilter(header(Interface)) =", "pause"),
        ("eventfilter(action(include),header(Interface),method(regex)) = ^(PJSIP|Local)/", "pause"),
        ("eventfilter(action(exclude),name(QueueMemberPause),header(Interface),method(starts_with))"
         " = PJSIP/", "join leave pause"),
    ],
)  # fmt: skip
def test_what_gets_through(tmp_path: Path, lines: str, heard: str) -> None:
    file = tmp_path / "ami.conf"
    file.write_text(f"[a]\nsecret=x\n{lines}\n")
    file.chmod(0o600)
    filters = load(file)["a"].filters
    assert [name for name, event in EVENTS.items() if hears(filters, event)] == heard.split()
