"""The shapes of names, in one place: what may stand in a key, a URL, a dial string.

Names travel through Redis keys, URLs, AMI headers and Asterisk's dialplan. None of these
escapes for us, so a name is refused at the door instead of being quoted four times.
"""

import re
import unicodedata
from typing import Annotated

from pydantic import Field

#: Queue, agent and box names. No ':' (Redis keys), no '/' (URLs), no ',' '|' '&' (dialplan).
NAME_PATTERN = r"^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$"

#: A dial string, technology/resource, which may have one part more (`Local/101@agents/n`). No '&'
#: (it would ring two phones), no ',' (it would end Originate's argument), no leading '/' (AMI
#: Hangup takes that for a regular expression), no CR or LF (AMI header injection).
_RESOURCE = r"[A-Za-z][A-Za-z0-9_]*/[A-Za-z0-9_.@:+*#-]{1,70}(/[A-Za-z0-9_.@:+*#-]{1,40})?"
INTERFACE_PATTERN = f"^{_RESOURCE}$"

_PART = r"[A-Za-z0-9_.+*#-]{1,40}"
#: A device whose state a box knows: an interface, a custom state (`Custom:lunch`), or a hint
#: (`hint:101@internal`), as queues.conf has it.
DEVICE_PATTERN = rf"^({_RESOURCE}|Custom:{_PART}|hint:{_PART}@{_PART})$"

#: Asterisk cuts device names here (channel.h: AST_CHANNEL_NAME), characters.
INTERFACE_LENGTH = 80

#: A channel's Uniqueid or our own call and offer ids: printable, no space, no '/' first.
ID_PATTERN = r"^[A-Za-z0-9][A-Za-z0-9_.:;~-]{0,148}$"

#: A channel's name, where the dialplan is to read it: no ',' that would end a field, no '$' or '"'.
CHANNEL_PATTERN = r"^[A-Za-z0-9_./@:;+*#=~-]{0,149}$"

#: A sound file's name without its ending: `queue-thankyou`, `custom/welcome`, `/srv/sounds/hello`.
#: Nothing that the dialplan would read as more than a name: no ',' '&' '|' '$' '{' '(' ':' '?'.
SOUND = r"[A-Za-z0-9_/][A-Za-z0-9_./+-]{0,63}"

#: A context, or a class of music; "" for none.
LABEL_PATTERN = r"^[A-Za-z0-9_.-]{0,64}$"

#: Longest name, characters (NAME_PATTERN).
NAME_LENGTH = 64

_NOT_IN_NAMES = re.compile(r"[^A-Za-z0-9_.-]+")

#: A lamp: the device `Custom:` + this. Asterisk cuts device names at 79 characters.
LAMP_PATTERN = r"^Queue:[A-Za-z0-9_.-]{1,66}$"

#: A context, and behind a comma what a subroutine there is called with; "" for none. Nothing that
#: the dialplan would read as an expression or as the end of the arguments.
SUBROUTINE_PATTERN = r"^([A-Za-z0-9_.-]{1,64}(,[A-Za-z0-9_.:@/+*#=, -]{0,128})?)?$"

Name = Annotated[str, Field(pattern=NAME_PATTERN, examples=["sales"])]
Interface = Annotated[
    str, Field(pattern=INTERFACE_PATTERN, max_length=INTERFACE_LENGTH, examples=["PJSIP/101"])
]
Device = Annotated[
    str, Field(pattern=DEVICE_PATTERN, max_length=INTERFACE_LENGTH, examples=["PJSIP/101"])
]
Id = Annotated[str, Field(pattern=ID_PATTERN)]
Label = Annotated[str, Field(pattern=LABEL_PATTERN)]


def fold(interface: str) -> str:
    """What an interface is found by: Asterisk compares them in any case (app_queue.c:
    interface_exists). It is kept and dialled as it was written. The line's: lua/lib/agent.lua."""
    return interface.lower()


def phones(interface: str, state_interface: str) -> dict[str, str]:
    """What no other agent may be dialled as, nor be judged by the state of: folded → as written.

    Not a Custom device, which is the operator's switch (docs/decisions/0014). The line's own check
    is lua/lib/agent.lua: owner; this one gives SQL and an import the same answer beforehand.
    """
    devices = (state_interface or interface, interface)
    return {fold(device): device for device in devices if not device.startswith("Custom:")}


def agent_names(interface: str, wanted: str = "") -> list[str]:
    """Names for a new agent with this interface, the best first: what is wanted, else what stands
    behind the interface's '/', else, where these are taken, all of it."""
    return [name for name in map(as_name, (wanted, behind(interface), interface)) if name]


def behind(interface: str) -> str:
    """101 of PJSIP/101 and of Local/101@agents/n."""
    return interface.partition("/")[2].partition("@")[0]


def as_name(text: str) -> str:
    """The text as a name: without accents, '_' for what no name may have. "" if nothing is left."""
    letters = unicodedata.normalize("NFKD", text)
    plain = "".join(letter for letter in letters if not unicodedata.combining(letter))
    return _NOT_IN_NAMES.sub("_", plain).strip("_.-")[:NAME_LENGTH]
