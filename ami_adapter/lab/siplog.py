"""What SIPp's short message log says: when each caller called, was answered, was hung up. Pure.

A line of `-trace_shortmsg` (SIPp 3.8, src/logger.cpp), between tabs: date, time and epoch
seconds with microseconds; S or R; Call-ID; CSeq; the message's first line.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass


@dataclass(frozen=True)
class Line:
    """One message as SIPp saw it. `at`: seconds since the epoch, to the microsecond."""

    at: float
    sent: bool
    call_id: str
    method: str
    status: int  # of a response; 0 for a request

    @classmethod
    def parse(cls, text: str) -> "Line":
        """Read one line. ValueError when it is not of this form."""
        _, _, at, direction, call_id, cseq, first = text.rstrip("\n").split("\t", 6)
        status = int(first.split()[1]) if first.startswith("SIP/2.0") else 0
        return cls(float(at), direction == "S", call_id, cseq.split()[-1], status)


@dataclass(frozen=True)
class CallerLog:
    """One caller's call. Times are seconds since the epoch; None: it did not happen."""

    call_id: str
    called: float  # INVITE sent
    ringing: float | None  # first 180 or 183
    answered: float | None  # 200 to the INVITE
    ended: float | None  # BYE, either way
    hung_up: bool  # the caller sent the BYE, not the box
    refused: int  # final status when not answered, else 0


def calls(lines: Iterable[str]) -> list[CallerLog]:
    """Every call in the log, in the order of calling."""
    by_call: dict[str, list[Line]] = {}
    for line in map(Line.parse, lines):
        by_call.setdefault(line.call_id, []).append(line)
    return [_call(call_id, messages) for call_id, messages in by_call.items()]


def _call(call_id: str, messages: list[Line]) -> CallerLog:
    answers = [line for line in messages if line.method == "INVITE" and not line.sent]
    byes = [line for line in messages if line.method == "BYE" and not line.status]
    return CallerLog(
        call_id=call_id,
        called=messages[0].at,
        ringing=_first(line.at for line in answers if line.status in (180, 183)),
        answered=_first(line.at for line in answers if line.status == 200),
        ended=_first(line.at for line in byes),
        hung_up=bool(byes and byes[0].sent),
        refused=next((line.status for line in answers if line.status >= 300), 0),
    )


def _first(times: Iterator[float]) -> float | None:
    return next(times, None)
