"""The journal's vocabulary: what happened, in order, as plain typed entries. Pure.

One Redis stream per tenant; the same entries are the SSE events, the webhook bodies and the
lines of a saved journal (JSON lines). Entries are only ever written by the line's Lua, in the
step that makes the transition. Times and durations are microseconds; ids are stream ids.
"""

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

#: Fields that hold whole numbers (text in Redis: Lua's JSON keeps 14 digits).
INTEGERS = frozenset(
    {
        "at_us", "priority", "rank", "position", "fence", "penalty", "min_penalty", "max_penalty",
        "raise_penalty", "age_us", "wait_us", "ring_us", "hold_us", "talk_us", "timeout_us",
        "ahead", "order", "weight", "ring_timeout_s", "retry_s", "wrapup_s", "removed",
        "penalty_members_limit", "keeps_min", "original_position", "claimed", "logged_in", "paused",
        "added", "count", "calls", "member_paused", "ringinuse", "placed",
        "once",
    }
)  # fmt: skip

#: type → the fields it carries beside id, at_us and type ("?" marks one that may be absent).
#: Of callers and offers also, whatever the type: uniqueid, the channel that joined on its box, and
#: interface, the agent's phone; so that queue_log needs nothing but the entry.
TYPES: dict[str, tuple[str, ...]] = {
    # by: join | restored (from a box's snapshot). rank: µs, see coordinator/README.md.
    # count: how many are in the queue now. placed: the position asked for, where it is ahead of
    # others who came before. once: 1 for one pass (option n). url: Queue()'s argument.
    "caller.joined": (
        "queue", "call_id", "uniqueid?", "box", "channel", "caller_id_num", "caller_id_name",
        "priority", "rank", "position", "min_penalty?", "max_penalty?", "raise_penalty?",
        "keeps_min?", "age_us", "placed?", "once?", "count?", "url?", "by",
    ),
    # Its own timeout has passed as somebody is rung (timeoutpriority=conf): nobody more is rung for
    # it, and it leaves when that is over.
    "caller.overdue": ("queue", "call_id", "box"),
    # By a penalty rule. keeps_min: the raise lifts nobody from below min.
    "caller.window": (
        "queue", "call_id", "box", "min_penalty?", "max_penalty?", "raise_penalty?", "keeps_min?",
        "by",
    ),
    # Never had a place. outcome: full | join_empty.
    "caller.refused": (
        "queue", "call_id", "box", "channel", "caller_id_num", "caller_id_name", "outcome",
    ),
    "caller.moved": ("queue", "call_id", "box", "priority", "rank", "position", "by"),
    # original_position: where it joined. reason: of exit_key, the keys pressed.
    "caller.left": (
        "queue", "call_id", "uniqueid?", "box", "outcome", "reason?", "position",
        "original_position?", "wait_us", "count?", "by",
    ),
    # An attended transfer: another channel is in the caller's place, waiting or talking.
    "caller.replaced": (
        "queue", "call_id", "uniqueid", "box", "channel", "caller_id_num", "caller_id_name",
    ),
    "caller.detached": ("queue", "call_id", "box"),
    "caller.attached": ("queue", "call_id", "box"),
    # considered: [[agent, effective penalty, metric], …] best first; passed_over: [[call, why], …]
    # with why = ringing | detached | penalty; ahead: how many were ahead in the line.
    "offer.made": (
        "queue", "call_id", "box", "agent", "home", "offer_id", "fence", "penalty", "position",
        "strategy", "considered", "passed_over", "ahead", "timeout_us",
    ),
    # agent_state: the state the agent enters by this. claimed: 1 after offer.claimed.
    "offer.ended": (
        "queue", "call_id", "agent", "offer_id", "fence", "outcome", "reason?", "ring_us",
        "agent_state", "claimed?", "uniqueid?", "interface?",
    ),
    # The phone has answered and holds the claim; an announcement plays before the bridge.
    "offer.claimed": ("queue", "call_id", "agent", "offer_id", "fence"),
    "call.connected": (
        "queue", "call_id", "box", "agent", "home", "offer_id", "fence", "hold_us", "ring_us?",
        "uniqueid?", "interface?", "by",
    ),
    # transfer: as protocol.Complete has it.
    "call.completed": (
        "queue", "call_id", "agent", "offer_id", "ended_by", "transfer?", "hold_us", "talk_us",
        "agent_state", "uniqueid?", "interface?", "original_position?",
    ),
    # state: offline | unregistered | paused | in_use | resting | wrapup | available
    # (ringing and talking follow from offer.made and call.connected).
    "agent.state": ("agent", "state", "reason?", "home", "by"),
    # What the operator changed; the state may stay as it is (of one who talks). change: login |
    # logout | pause | unpause | interface, which `was` another. reason: of a
    # pause, and of its end. queues: all it is a member of; paused_in: those of them where it is
    # paused by itself, beside a pause of all. by: api | phone (uniqueid: the channel it was asked
    # on) | autopause; directory: an unpause that leaves those of single queues as they are.
    "agent.changed": (
        "agent", "change", "interface", "was?", "reason?", "logged_in", "paused", "queues",
        "paused_in?", "by?", "uniqueid?",
    ),
    # One entry a change: added | removed | penalty | wrapuptime | ringinuse | pause | unpause |
    # stays_paused (a pause of all queues ended in another one). logged_in, paused: the agent's, in
    # all queues; member_paused, reason (of its end too): in this one. wrapup_s, ringinuse: its own,
    # absent where the queue's count. by: api | phone (uniqueid: as above) | autopause.
    "member.changed": (
        "queue", "agent", "interface?", "logged_in?", "paused?", "change?", "penalty?", "order?",
        "added?", "calls?", "member_paused?", "reason?", "wrapup_s?", "ringinuse?", "removed",
        "by?", "uniqueid?",
    ),
    "queue.changed": (
        "queue", "strategy?", "weight?", "ring_timeout_s?", "retry_s?", "wrapup_s?",
        "penalty_members_limit?", "ringinuse?", "removed",
    ),
    # Figures and members' calls count from nothing.
    "queue.reset": ("queue", "by"),
    # A line for queue_log from outside, as it came: queue, call and agent need not exist. box:
    # whose dialplan wrote it, absent for the manager's.
    "queue.logged": ("queue", "uniqueid", "box?", "interface", "event", "message"),
    "box.attached": ("box",),
    "box.detached": ("box", "reason"),
    # The line waits for boxes to come back before it decides (start of a coordinator or Redis).
    "line.held": ("reason",),
    "line.resumed": ("reason",),
}  # fmt: skip

CALLER_OUTCOMES = (
    "answered", "abandoned", "timeout", "exit_key", "join_empty", "leave_empty", "full",
    "withdrawn", "redirected", "box_lost",
)  # fmt: skip
OFFER_OUTCOMES = (
    "answered", "no_answer", "busy", "rejected", "failed", "cancelled", "answered_elsewhere",
    "expired",
)  # fmt: skip
#: How an offer ends that nobody took: app_queue calls rna() for each of these.
NOT_TAKEN = frozenset({"no_answer", "busy", "rejected", "failed", "expired"})
#: Reason of an offer that its box was never told of: it counts for nothing.
NEVER_RUNG = "never rung"
ENDED_BY = ("caller", "agent", "transfer", "lost")


@dataclass(frozen=True, slots=True)
class Entry:
    """One journal entry. `data` holds the fields of `TYPES[type]`."""

    id: str
    at_us: int
    type: str
    data: Mapping[str, Any]

    def to_json(self) -> dict[str, Any]:
        """The entry as the API, SSE and saved journals show it."""
        return {"id": self.id, "at_us": self.at_us, "type": self.type, **self.data}

    @classmethod
    def from_json(cls, body: Mapping[str, Any]) -> "Entry":
        """The reverse of `to_json`. Raises KeyError where id, at_us or type is missing."""
        data = {k: v for k, v in body.items() if k not in ("id", "at_us", "type")}
        return cls(str(body["id"]), int(body["at_us"]), str(body["type"]), data)

    @classmethod
    def from_stream(cls, entry_id: str, text: str) -> "Entry":
        """An entry as Redis holds it: a JSON object, its numbers as text."""
        fields: dict[str, Any] = json.loads(text)
        data = {k: _typed(k, v) for k, v in fields.items() if k not in ("at_us", "type")}
        return cls(entry_id, int(fields["at_us"]), fields["type"], data)


def _typed(name: str, value: Any) -> Any:
    if name in INTEGERS:
        return int(value)
    # Lua's JSON writes {} for an empty list.
    if name == "considered":
        return [[agent, int(tier), int(metric)] for agent, tier, metric in value or []]
    if name == "passed_over":
        return value or []
    if name in ("queues", "paused_in"):
        return value.split(",") if value else []
    return value


def read_lines(lines: Iterable[str]) -> Iterator[Entry]:
    """Entries of a saved journal, one JSON object a line. Raises ValueError naming the line."""
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        try:
            yield Entry.from_json(json.loads(line))
        except KeyError as error:
            raise ValueError(f"line {number} is not a journal entry: it has no {error}") from error
        except (ValueError, TypeError, AttributeError) as error:
            raise ValueError(f"line {number} is not a journal entry: {error}") from error


def stream_position(entry_id: str) -> tuple[int, int]:
    """A stream id as a pair that sorts in journal order."""
    milliseconds, _, sequence = entry_id.partition("-")
    return int(milliseconds), int(sequence or 0)
