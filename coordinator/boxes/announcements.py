"""What a waiting caller hears, and when: Queue()'s announcements. Pure.

The rules are those of app_queue.c (`say_position`, `say_periodic_announcement`), with these
differences, for the better:

* A hold time is what is left of the queue's average, and nothing once that is over; Queue() takes
  the absolute value, so that it grows for those who wait long.
* With `announce_round_seconds` it is rounded to the nearest such step; Queue() adds the half minute
  of its rounding to minutes there too, and says 30 seconds too much.
* A caller who is being rung for is not spoken to (unless `announce_to_first_user`), at whatever
  place: several agents may be free.

Times are whole seconds since the caller joined.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Final

from coordinator.line.announcing import Announcing
from coordinator.line.types import Standing

#: How often it is looked whether a position has changed, seconds; Queue() looks each second.
LOOK_S: Final = 5

NEVER: Final = 0
MINUTE: Final = 60


@dataclass(frozen=True, slots=True)
class Heard:
    """What a caller has heard. The channel keeps it as text: `3.40.2.60.1`, "" for nothing yet.

    position: the last one told, and position_s when (None: not yet). files: how many periodic
    announcements, and periodic_s when the last began. open: how long that took is not counted yet.
    """

    position: int = 0
    position_s: int | None = None
    files: int = 0
    periodic_s: int | None = None
    open: bool = False

    @classmethod
    def parse(cls, text: str) -> "Heard":
        """What `str` wrote; anything else is a caller who has heard nothing."""
        fields = text.split(".")
        if len(fields) != 5 or not re.fullmatch(r"[0-9.]*", text):
            return cls()
        position, position_s, files, periodic_s, is_open = (int(field or 0) for field in fields)
        return cls(
            position,
            position_s if fields[1] else None,
            files,
            periodic_s if fields[3] else None,
            bool(is_open),
        )

    def __str__(self) -> str:
        times = ("" if t is None else t for t in (self.position_s, self.periodic_s))
        position_s, periodic_s = times
        return f"{self.position}.{position_s}.{self.files}.{periodic_s}.{int(self.open)}"


@dataclass(frozen=True, slots=True)
class Said:
    """`words` in order: sound files, and numbers as `#12`; `again_s`: ask again then, 0: never."""

    words: tuple[str, ...]
    heard: Heard
    again_s: int


def announce(standing: Standing, heard: Heard, spoke_s: int, draw: Callable[[int], int]) -> Said:
    """What this caller is to hear now. `spoke_s`: how long the last words took; `draw`: a number
    below the one given.
    """
    settings, now = standing.settings, standing.waited_us // 1_000_000
    if heard.open and heard.periodic_s is not None:
        late = spoke_s if settings.relative_periodic_announce else 0
        heard = replace(heard, periodic_s=heard.periodic_s + late, open=False)
    words: list[str] = []
    if _listens(standing):
        if _position_is_due(settings, heard, standing.position, now):
            words += _position(standing, now, first=heard.position_s is None)
            heard = replace(heard, position=standing.position, position_s=now)
        if settings.periodic_announce_frequency and now >= _periodic_due(settings, heard):
            words += _periodic(settings, heard.files, draw)
            heard = replace(heard, files=heard.files + 1, periodic_s=now, open=True)
    return Said(tuple(word for word in words if word), heard, _again(settings, heard, now))


def _listens(standing: Standing) -> bool:
    """Not who is being connected; and who is being rung for only where the queue says so."""
    first = standing.settings.announce_to_first_user
    return standing.state == "waiting" or (standing.state == "ringing" and first)


def _position_is_due(settings: Announcing, heard: Heard, position: int, now: int) -> bool:
    if not settings.announce_frequency:
        return False
    if heard.position_s is None:
        return True
    if settings.announce_position_only_up and position >= heard.position:
        return False
    since = now - heard.position_s
    changed = position != heard.position
    return since >= settings.min_announce_frequency and (
        changed or since >= settings.announce_frequency
    )


def _position(standing: Standing, now: int, *, first: bool) -> list[str]:
    settings, position = standing.settings, standing.position
    words = _place(settings, position)
    # Who is next is told so, and no more (say_position: `goto posout`).
    if not (words and position == 1):
        words += _hold_time(settings, standing.hold_us // 1_000_000 - now, first)
    return [*words, settings.queue_thankyou] if words else []


def _place(settings: Announcing, position: int) -> list[str]:
    mode, limit = settings.announce_position, settings.announce_position_limit
    if mode == "no" or (mode == "limit" and position > limit):
        return []
    if position == 1:
        return [settings.queue_youarenext]
    if mode == "more" and position > limit:
        return [settings.queue_quantity1, f"#{limit}", settings.queue_quantity2]
    return [settings.queue_thereare, f"#{position}", settings.queue_callswaiting]


def _hold_time(settings: Announcing, left: int, first: bool) -> list[str]:
    """`left`: of the average, seconds."""
    mode = settings.announce_holdtime
    if left <= 0 or mode == "no" or (mode == "once" and not first):
        return []
    step = settings.announce_round_seconds or MINUTE
    minutes, seconds = divmod((left + step // 2) // step * step, MINUTE)
    words = []
    if minutes:
        words += [f"#{minutes}", settings.queue_minute if minutes == 1 else settings.queue_minutes]
    if seconds:
        words += [f"#{seconds}", settings.queue_seconds]
    return [settings.queue_holdtime, *words] if words else []


def _periodic_due(settings: Announcing, heard: Heard) -> int:
    if heard.periodic_s is not None:
        return heard.periodic_s + settings.periodic_announce_frequency
    delay = settings.periodic_announce_startdelay
    return delay if delay >= 0 else settings.periodic_announce_frequency


def _periodic(settings: Announcing, files: int, draw: Callable[[int], int]) -> list[str]:
    names = settings.periodic_announce.split(",")
    return [names[draw(len(names)) if settings.random_periodic_announce else files % len(names)]]


def _again(settings: Announcing, heard: Heard, now: int) -> int:
    due = []
    if settings.announce_frequency:  # from then on a change of position is told
        due.append((heard.position_s or 0) + settings.min_announce_frequency)
    if settings.periodic_announce_frequency:
        due.append(_periodic_due(settings, heard))
    # Due, and not said: nothing has changed, or an agent is being rung.
    return min((at - now if at > now else LOOK_S for at in due), default=NEVER)
