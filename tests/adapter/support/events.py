"""AMI events as Asterisk and the dialplan raise them, and a box to take them."""

from collections.abc import Iterable

from ami_adapter.headers import Headers
from ami_adapter.translate import Translator
from coordinator.protocol import Event, Originate

BOX, KEY = "a", "k3y"
CALLER, OFFER_ID, FENCE = "a-17.1", "gvq-1763848134123456", 1763848134123456

OFFER_ = {"offer_id": OFFER_ID, "fence": FENCE}


def waiting(here: Translator) -> list[str]:
    """Call ids of those who wait."""
    return [visit.join.call_id for visit in here.visits.values() if visit.state == "waiting"]


def joined(uniqueid: str = CALLER, visit: int = 1, **changes: str) -> Headers:
    """A GvqJoin as the dialplan raises it."""
    headers = {
        "event": "UserEvent", "userevent": "GvqJoin", "channel": "PJSIP/t-1", "uniqueid": uniqueid,
        "visit": str(visit), "queue": "sales", "since": "1763848134.5", "prio": "",
        "minpenalty": "", "maxpenalty": "", "raisepenalty": "", "rule": "",
        "position": "", "timeout": "", "once": "0", "callernum": "0701", "callername": "",
        "key": KEY,
    }  # fmt: skip
    return headers | changes


def left(
    uniqueid: str = CALLER, visit: int = 1, outcome: str = "timeout", **changes: str
) -> Headers:
    """A GvqLeave."""
    headers = {"event": "UserEvent", "userevent": "GvqLeave", "uniqueid": uniqueid, "key": KEY}
    return headers | {"visit": str(visit), "outcome": outcome, "reason": "TIMEOUT"}


def answered(**changes: str) -> Headers:
    """A GvqAnswer of the one offer."""
    headers = {"event": "UserEvent", "userevent": "GvqAnswer", "uniqueid": OFFER_ID, "key": KEY}
    return headers | {"offer": OFFER_ID, "fence": str(FENCE)} | changes


def bridged(uniqueid: str = OFFER_ID) -> Headers:
    """BridgeEnter."""
    return {"event": "BridgeEnter", "uniqueid": uniqueid}


def hung_up(uniqueid: str, cause: int = 16) -> Headers:
    """Hangup."""
    return {"event": "Hangup", "uniqueid": uniqueid, "cause": str(cause), "cause-txt": "text"}


def asked_to_hang_up(uniqueid: str) -> Headers:
    """HangupRequest: this side hung up."""
    return {"event": "HangupRequest", "uniqueid": uniqueid}


def failed(reason: int) -> Headers:
    """OriginateResponse of an Originate that failed."""
    response = {"response": "Failure", "reason": str(reason)}
    return {"event": "OriginateResponse", "actionid": OFFER_ID} | response


def originate(
    offer_id: str = OFFER_ID, call_id: str = "a-17.1-1", caller: str = CALLER
) -> Originate:
    """The command that makes the one offer."""
    return Originate(
        offer_id=OFFER_ID, fence=FENCE, call_id=call_id, uniqueid=caller, queue="sales",
        agent="ann", interface="PJSIP/101", home="a", timeout_ms=15_000,
    )  # fmt: skip


def box() -> Translator:
    """A box in which nothing has happened yet."""
    return Translator(BOX, KEY)


def ringing() -> Translator:
    """A caller waits, and one offer rings for it."""
    here = box()
    here.take(joined())
    assert here.offers.offered(originate())
    return here


def all_of(here: Translator, events: Iterable[Headers]) -> list[Event]:
    """What the events mean, one after the other; none may be dropped."""
    out: list[Event] = []
    for event in events:
        taken = here.take(event)
        assert not taken.problem
        out += taken.events
    return out


OFFER_ = {"offer_id": OFFER_ID, "fence": FENCE}


def state(device: str, value: str) -> Headers:
    """DeviceStateChange."""
    return {"event": "DeviceStateChange", "device": device, "state": value}
