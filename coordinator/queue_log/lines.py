"""Journal entries → queue_log rows, field by field as app_queue.c writes them. Pure.

An entry tells its rows by itself: whoever begins anywhere in a journal, or was killed in the middle
of a call, writes the same. Only of a caller or talk that a box's snapshot brought back must one
know what was written of it before: its `Standing`.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, Literal

from coordinator.journal import NEVER_RUNG, NOT_TAKEN, Entry

#: What app_queue writes where there is no call, no queue or no agent.
NONE = "NONE"

#: callid of a member added or removed through an interface for operators (AMI's, in app_queue).
MANAGER = "MANAGER"

#: Bytes of a line without its end: main/logger.c has a buffer of 8192, with a NUL.
LONGEST = 8191

#: Characters of WITHDRAW's info.
INFO = 40

#: Data columns of the table; the last one takes all that is left.
COLUMNS = 5

SECOND = 1_000_000

#: How a caller left → event. A caller whose box was lost is gone; one redirected went on elsewhere.
EXITS = {
    "abandoned": "ABANDON",
    "box_lost": "ABANDON",
    "timeout": "EXITWITHTIMEOUT",
    "redirected": "EXITWITHTIMEOUT",
    "leave_empty": "EXITEMPTY",
    "exit_key": "EXITWITHKEY",
    "withdrawn": "WITHDRAW",
}

#: How an offer ended → event. Nothing is written of phones that stop as another has answered.
RINGS = dict.fromkeys(NOT_TAKEN, "RINGNOANSWER") | {"cancelled": "RINGCANCELED"}

#: Who ended a call → event. A caller whose box was lost is gone.
ENDS = {"caller": "COMPLETECALLER", "lost": "COMPLETECALLER", "agent": "COMPLETEAGENT"}

#: What the log has of a caller: nothing open, an ENTERQUEUE without an end, a CONNECT without one.
Standing = Literal["out", "waiting", "talking"]


@dataclass(frozen=True, slots=True)
class Style:
    """app_queue's options: log_membername_as_agent with names for members; log-caller-id-name."""

    agent_names: bool = False
    caller_names: bool = False


@dataclass(frozen=True, slots=True)
class Row:
    """One event. `at_us`: µs since 1970; `data`: what follows the event, cleaned."""

    at_us: int
    callid: str
    queue: str
    agent: str
    event: str
    data: tuple[str, ...]

    @property
    def line(self) -> str:
        """As the file has it, without its end."""
        words = (str(self.at_us // SECOND), self.callid, self.queue, self.agent, self.event)
        return _cut("|".join((*words, *self.data)))

    @property
    def columns(self) -> tuple[str, ...]:
        """data1 to data5, as the realtime table has them."""
        first, rest = self.data[: COLUMNS - 1], self.data[COLUMNS - 1 :]
        padded = (*first, *("" for _ in range(COLUMNS - 1 - len(first))))
        return (*padded, "|".join(rest))


def rows(entry: Entry, style: Style, standing: Standing = "out") -> list[Row]:
    """What the entry writes. `standing`: its caller's before; matters to a `returning` one only."""
    step = _STEPS.get(entry.type)
    return step(entry, style, standing) if step else []


def returning(entry: Entry) -> bool:
    """Whether the entry tells of a caller or talk that a snapshot brought back."""
    restores = entry.type in ("caller.joined", "call.connected")
    return restores and entry.data["by"] == "restored"


def standing(past: Iterable[Entry]) -> Standing:
    """A caller's standing after those entries of its call."""
    now: Standing = "out"
    for entry in past:
        if entry.type == "caller.joined" and now == "out":
            now = "waiting"
        elif entry.type == "call.connected":
            now = "talking"
        elif entry.type == "call.completed" or _exit_of(entry):
            now = "out"
    return now


def _exit_of(entry: Entry) -> str | None:
    """The event of a caller who left without an agent."""
    return EXITS.get(entry.data["outcome"]) if entry.type == "caller.left" else None


def _joined(entry: Entry, style: Style, standing: Standing) -> list[Row]:
    data = entry.data
    if standing != "out":
        return []
    name = (data["caller_id_name"],) if style.caller_names else ()
    return [
        _of_call(
            entry,
            NONE,
            "ENTERQUEUE",
            data.get("url", ""),
            data["caller_id_num"],
            data["position"],
            *name,
        )
    ]


def _left(entry: Entry, style: Style, standing: Standing) -> list[Row]:
    data, event = entry.data, _exit_of(entry)
    if event is None:
        return []
    first = [data.get("reason", "")] if event == "EXITWITHKEY" else []
    last = [data.get("reason", "")[:INFO]] if event == "WITHDRAW" else []
    wait = _seconds(entry.at_us - data["wait_us"], entry.at_us)
    places = (data["position"], data.get("original_position", data["position"]))
    return [_of_call(entry, NONE, event, *first, *places, wait, *last)]


def _offer_ended(entry: Entry, style: Style, standing: Standing) -> list[Row]:
    """After the phone was answered no ring is counted: the agent hung up on an announcement."""
    data, event = entry.data, RINGS.get(entry.data["outcome"])
    agent = _agent(entry, style)
    if (
        event is None
        or data.get("reason") == NEVER_RUNG
        or (data.get("claimed") and event == "RINGCANCELED")
    ):
        return []
    if data.get("claimed"):
        return [_of_call(entry, agent, "AGENTDUMP", "")]
    return [_of_call(entry, agent, event, data["ring_us"] // 1000)]


def _connected(entry: Entry, style: Style, standing: Standing) -> list[Row]:
    """The agent's channel has the offer's id for its Uniqueid."""
    data = entry.data
    if standing == "talking":
        return []
    hold = _seconds(entry.at_us - data["hold_us"], entry.at_us)
    ring = data.get("ring_us", 0) // SECOND
    return [_of_call(entry, _agent(entry, style), "CONNECT", hold, data["offer_id"], ring)]


def _completed(entry: Entry, style: Style, standing: Standing) -> list[Row]:
    data = entry.data
    began = entry.at_us - data["talk_us"]
    times = (_seconds(began - data["hold_us"], began), _seconds(began, entry.at_us))
    event, where = _end(data)
    place = data.get("original_position", 0)
    return [_of_call(entry, _agent(entry, style), event, *where, *times, place)]


def _end(data: Any) -> tuple[str, tuple[str, ...]]:
    """The event of a call's end, and where a transfer went."""
    if data["ended_by"] in ENDS:
        return ENDS[data["ended_by"]], ()
    kind, *where = data.get("transfer", "").split("|")
    event = "ATTENDEDTRANSFER" if kind == "attended" else "BLINDTRANSFER"
    return event, (*where, "", "")[: max(len(where), 2)]


def _agent_changed(entry: Entry, style: Style, standing: Standing) -> list[Row]:
    """Only of an agent who is at work: another is no member in app_queue's sense."""
    data, agent = entry.data, _agent(entry, style)
    if not data["logged_in"] and data["change"] != "logout":
        return []
    queues = data["queues"]
    if data["change"] in ("pause", "unpause"):
        return _pauses(entry, agent)
    if data["change"] == "login":
        return _added(entry, _asked_on(entry), agent)
    if data["change"] == "logout":
        return _each(entry, queues, _asked_on(entry), agent, "REMOVEMEMBER", "")
    if style.agent_names:
        return []
    removed = _each(entry, queues, MANAGER, data.get("was", ""), "REMOVEMEMBER", "")
    return removed + _added(entry, MANAGER, agent)


def _added(entry: Entry, callid: str, agent: str) -> list[Row]:
    """To each of the agent's queues, paused where it is."""
    data = entry.data
    paused = data["queues"] if data["paused"] else data.get("paused_in", [])
    return [
        _row(entry, callid, queue, agent, "ADDMEMBER", "PAUSED" if queue in paused else "")
        for queue in data["queues"]
    ]


def _pauses(entry: Entry, agent: str) -> list[Row]:
    """Of all queues at once, and of each; where it is paused by itself it stays so."""
    data = entry.data
    if not data["queues"]:
        return []
    event, reason = data["change"].upper(), data.get("reason", "")
    of_all = _row(entry, NONE, NONE, agent, f"{event}ALL", reason)
    staying = data.get("paused_in", []) if event == "UNPAUSE" else []
    queues = [queue for queue in data["queues"] if queue not in staying]
    return [of_all, *_each(entry, queues, NONE, agent, event, reason)]


def _member_changed(entry: Entry, style: Style, standing: Standing) -> list[Row]:
    """PENALTY and RINGINUSE name the interface in every style (set_member_value_help_members)."""
    data, agent, interface = entry.data, _agent(entry, style), _agent(entry, Style())
    if not data.get("logged_in"):
        return []
    queue, paused = data["queue"], data.get("paused") or data.get("member_paused")
    rows = {
        "removed": (_asked_on(entry), agent, "REMOVEMEMBER", ""),
        "added": (_asked_on(entry), agent, "ADDMEMBER", "PAUSED" if paused else ""),
        "penalty": (NONE, interface, "PENALTY", data.get("penalty", 0)),
        "ringinuse": (NONE, interface, "RINGINUSE", data.get("ringinuse", 0)),
        "pause": (NONE, agent, "PAUSE", data.get("reason", "")),
        "unpause": (NONE, agent, "UNPAUSE", data.get("reason", "")),
    }
    row = rows.get(data.get("change", ""))
    return [_row(entry, row[0], queue, *row[1:])] if row else []


def _logged(entry: Entry, style: Style, standing: Standing) -> list[Row]:
    """Somebody's own, as QueueLog() takes it: what it says of call and agent stands as it is."""
    data = entry.data
    call, event, fields = (
        data["uniqueid"] or NONE,
        _clean(data["event"]),
        data["message"].split("|"),
    )
    return [_row(entry, call, data["queue"], data["interface"], event, *fields)]


_STEPS: dict[str, Callable[[Entry, Style, Standing], list[Row]]] = {
    "caller.joined": _joined,
    "caller.left": _left,
    "offer.ended": _offer_ended,
    "call.connected": _connected,
    "call.completed": _completed,
    "agent.changed": _agent_changed,
    "member.changed": _member_changed,
    "queue.logged": _logged,
}


def _agent(entry: Entry, style: Style) -> str:
    name = str(entry.data["agent"])
    return name if style.agent_names else str(entry.data.get("interface") or name)


def _asked_on(entry: Entry) -> str:
    """The phone's channel, where a member was added or removed by phone."""
    return str(entry.data.get("uniqueid") or MANAGER)


def _of_call(entry: Entry, agent: str, event: str, *data: object) -> Row:
    callid = entry.data.get("uniqueid") or entry.data["call_id"]
    return _row(entry, callid, entry.data["queue"], agent, event, *data)


def _each(
    entry: Entry, queues: Iterable[str], callid: str, agent: str, event: str, data: str
) -> list[Row]:
    """The same of each of these queues."""
    return [_row(entry, callid, queue, agent, event, data) for queue in queues]


def _row(entry: Entry, callid: str, queue: str, agent: str, event: str, *data: object) -> Row:
    cleaned = tuple(_clean(str(word)) for word in data)
    return Row(entry.at_us, _clean(callid), _clean(queue), _clean(agent), event, cleaned)


def _seconds(start_us: int, end_us: int) -> int:
    """As app_queue counts: between two readings of a clock that shows whole seconds."""
    return end_us // SECOND - start_us // SECOND


def _clean(text: str) -> str:
    """Nothing in a field ends the field or the line, however its reader splits lines."""
    return "".join(c if c.isprintable() and c != "|" else "_" for c in text)


def _cut(line: str) -> str:
    return line.encode()[:LONGEST].decode(errors="ignore")
