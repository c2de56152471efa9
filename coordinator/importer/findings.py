"""What an import has to say of what it read: errors, which stop it, and remarks, which do not."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, NoReturn

from coordinator.asterisk_config import Line


class ImportFailed(Exception):
    """Sentences, each with file and line and what is allowed. Nothing was done."""

    def __init__(self, sentences: Sequence[str]) -> None:
        self.sentences = tuple(sentences)
        super().__init__("\n".join(sentences))


@dataclass(frozen=True, slots=True)
class Remark:
    """Something that is not taken over as it is written. harmless: nobody will notice."""

    line: Line
    what: str
    says: str
    harmless: bool

    def to_json(self) -> dict[str, Any]:
        """As `gvq import --json` shows it."""
        where = {"file": str(self.line.file), "line": self.line.number}
        return where | {"what": self.what, "says": self.says, "harmless": self.harmless}


@dataclass(slots=True)
class Findings:
    """Collected, so that all is told at once."""

    errors: list[str] = field(default_factory=list)
    remarks: list[Remark] = field(default_factory=list)

    def error(self, line: Line, sentence: str) -> None:
        """This stops the import."""
        self.errors.append(f"{at(line)}: {sentence}")

    def remark(self, line: Line, what: str, says: str, harmless: bool = False) -> None:
        """This does not."""
        self.remarks.append(Remark(line, what, says, harmless))

    def stop(self) -> None:
        """Raises ImportFailed when there was an error."""
        if self.errors:
            raise ImportFailed(self.errors)


def at(line: Line) -> str:
    """Where a line stands, as every sentence begins."""
    return f"{line.file}:{line.number}"


def fail(line: Line, sentence: str) -> NoReturn:
    """Raises ImportFailed with this one sentence."""
    raise ImportFailed([f"{at(line)}: {sentence}"])
