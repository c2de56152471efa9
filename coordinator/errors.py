"""Every refusal: a stable code, one sentence, the HTTP status it travels with.

The code is the contract (API, link, CLI and tests compare it); the sentence is for people.
A refusal changes nothing.
"""

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Refusal:
    """One kind of refusal. `sentence` is formatted with the details given to `Refused`."""

    status: int
    sentence: str


REFUSALS: dict[str, Refusal] = {
    # unknown things
    "unknown_queue": Refusal(404, "There is no queue named {queue!r}."),
    "unknown_agent": Refusal(404, "There is no agent named {agent!r}."),
    "unknown_box": Refusal(404, "There is no box named {box!r}."),
    "unknown_call": Refusal(404, "There is no call {call_id!r}."),
    "unknown_token": Refusal(404, "There is no token {token!r}."),
    "unknown_rule": Refusal(404, "There is no penalty rule named {rule!r}."),
    "not_a_member": Refusal(404, "Agent {agent!r} is not a member of queue {queue!r}."),
    # state
    "duplicate_join": Refusal(409, "Call {call_id!r} is already in queue {queue!r}."),
    "stale_offer": Refusal(409, "Offer {offer_id!r} with fence {fence} is over."),
    "queue_full": Refusal(409, "Queue {queue!r} has as many callers as its maxlen allows."),
    "queue_empty": Refusal(409, "Queue {queue!r} has no agents whom its joinempty asks for."),
    "queue_in_use": Refusal(409, "Queue {queue!r} has {callers} callers; withdraw them first."),
    "rule_in_use": Refusal(
        409, "Penalty rule {rule!r} is the defaultrule of queue {queue!r}; give that another first."
    ),
    "agent_busy": Refusal(409, "Agent {agent!r} is on a call or being rung; try when it is over."),
    "not_waiting": Refusal(409, "Call {call_id!r} is not waiting any more."),
    "interface_taken": Refusal(409, "Interface {interface!r} belongs to agent {agent!r}."),
    "agent_taken": Refusal(409, "Agents of other interfaces have these names: {agent}."),
    "last_admin": Refusal(
        409, "Token {token!r} is the last of role 'admin'; without it nobody could let anyone in."
    ),
    # link
    "box_already_linked": Refusal(409, "Box {box!r} is linked by another adapter."),
    "stale_link": Refusal(409, "This link of box {box!r} has been replaced by a newer one."),
    "out_of_sequence": Refusal(
        409, "Box {box!r} sent message {seq}; expected {expected}. The link is resumed there."
    ),
    "snapshot_required": Refusal(409, "Box {box!r} must begin with a snapshot."),
    "bad_frame": Refusal(400, "Frame refused: {detail}."),
    "unsupported_version": Refusal(
        400, "Protocol version {version} is not spoken here; use {supported}."
    ),
    "frame_too_large": Refusal(413, "A frame may have at most {limit} bytes."),
    # callers of the API
    "invalid": Refusal(422, "{detail}"),
    "unauthorized": Refusal(401, "A valid bearer token is needed."),
    "forbidden": Refusal(403, "This token's role {role!r} may not do this; it needs {needed}."),
    "wrong_box": Refusal(403, "This token is for box {token_box!r}, not for {box!r}."),
    "box_disabled": Refusal(403, "Box {box!r} is disabled; an admin may enable it."),
    "not_found": Refusal(404, "There is nothing at {path!r}; see /docs."),
    "method_not_allowed": Refusal(405, "{method} is not offered at {path!r}; see /docs."),
    "too_large": Refusal(413, "A request's body may have at most {limit} bytes."),
    # parts that are away
    "line_unavailable": Refusal(
        503, "The line's Redis does not answer; what was asked may be done or not."
    ),
    "not_ready": Refusal(503, "The coordinator is starting or has lost its database."),
    "internal": Refusal(500, "The coordinator failed; its log says why."),
}


class Refused(Exception):
    """A request was understood and refused; nothing changed."""

    def __init__(self, code: str, **details: Any) -> None:
        self.code = code
        self.details = details
        super().__init__(self.sentence)

    @property
    def status(self) -> int:
        """The HTTP status that fits."""
        return REFUSALS[self.code].status

    @property
    def sentence(self) -> str:
        """What was refused, where, and what is allowed."""
        return REFUSALS[self.code].sentence.format_map(_Missing(self.details))


class _Missing(dict[str, Any]):
    """A sentence with a detail missing is still a sentence."""

    def __missing__(self, key: str) -> str:
        return "?"
