"""What is done around a talk, as the API takes and shows it."""

import re
from typing import Annotated

from pydantic import AfterValidator, Field

from coordinator.api.schemas.announcing import Announcing
from coordinator.names import SUBROUTINE_PATTERN


def _format(text: str) -> str:
    if not re.fullmatch(r"[A-Za-z0-9]{0,16}", text):
        raise ValueError(f"{text[:40]!r} is no file format; it has letters and digits, as wav")
    return text


def _subroutine(text: str) -> str:
    if not re.fullmatch(SUBROUTINE_PATTERN, text):
        raise ValueError(
            f"{text[:70]!r} is no subroutine; it is a context, and after a comma arguments of "
            "letters, digits, blanks and _ . : @ / + * # = - ,"
        )
    return text


_Format = Annotated[
    str,
    AfterValidator(_format),
    Field(description="Calls are recorded (MixMonitor) in this format, as wav; empty: not."),
]
_Subroutine = Annotated[
    str,
    AfterValidator(_subroutine),
    Field(description="The agent's channel runs this before the talk: context[,arguments]."),
]


class Calling(Announcing):
    """Recording, subroutine and variables; names are Queue()'s."""

    monitor_format: _Format = ""
    membergosub: _Subroutine = ""
    setinterfacevar: Annotated[
        bool, Field(description="Both channels are given MEMBERINTERFACE, MEMBERNAME and so on.")
    ] = False
    setqueueentryvar: Annotated[
        bool, Field(description="Both channels are given QEHOLDTIME and QEORIGINALPOS.")
    ] = False
    setqueuevar: Annotated[
        bool, Field(description="Both channels are given QUEUENAME, QUEUECALLS and so on.")
    ] = False
