"""What a caller's channel did while waiting, read from the events that an onlooker sees."""

import re
from collections.abc import Iterable

from tests.lab.ami import Event

_WORD = re.compile(r"(?:Playback|BackGround|SayNumber)\((.*)\)")


def steps(events: Iterable[Event], header: str, value: str) -> list[str]:
    """Everything that took time, in order; of the channel of which this header has this value."""
    at = {header: value, "Context": "gvq-wait", "Extension": "s", "Priority": "1"}
    data = [
        event["AppData"].partition("?")
        for event in events
        if event.name == "Newexten" and all(event[name] == wanted for name, wanted in at.items())
    ]
    return [step for does, _, step in data if does == "1"]


def words(events: Iterable[Event], header: str, value: str) -> list[str]:
    """What was said: names of sound files, and numbers as they came, `#12`."""
    said = [step for step in steps(events, header, value) if _WORD.fullmatch(step)]
    return [
        ("#" if step.startswith("SayNumber") else "") + _WORD.sub(r"\1", step).removesuffix(",n")
        for step in said
    ]
