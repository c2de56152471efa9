"""Asterisk's configuration files, read as main/config.c of Asterisk 22 reads them.

    [sales](!)               a template: only to be inherited from
    [sales](base,night)      a section that begins with the lines of others
    [sales](+)               more lines for the section above of that name
    strategy = linear        or =>; += goes on with the last value of that name
    #include "more.d/*.conf" relative to the first file's directory; #tryinclude may find nothing
    ; comment                \\; is a semicolon; ;-- … --; is a comment over lines, and may nest

Names of sections are found in any case, in the order of the files: what inherits or appends must
come below what it names. An included file goes on in the section above it, the including file
afterwards in its own. Where Asterisk logs a warning and goes on without the line, or without the
rest of the file, this reader stops: an import that silently lacks a line would be worse.
"""

import re
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from glob import glob
from pathlib import Path
from typing import NoReturn

#: In any case (main/utils.c: ast_true, ast_false).
TRUE = frozenset({"yes", "true", "y", "t", "1", "on"})
FALSE = frozenset({"no", "false", "n", "f", "0", "off"})

#: Asterisk reads a line into 8192 bytes, with newline and a closing NUL.
LONGEST_LINE = 8190

#: Files within each other, the first one counted (MAX_INCLUDE_LEVEL).
DEEPEST_INCLUDE = 10

#: Lines in all, inherited ones counted each time: templates of templates double themselves.
MOST_LINES = 200_000

#: What ast_strip takes off: every character up to a space.
_BLANKS = "".join(map(chr, range(33)))

_DIRECTIVE = re.compile(r"#([^\x00-\x20]*)(.*)", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Line:
    """One setting, and where it was written (for an inherited one: in the template)."""

    name: str
    value: str
    file: Path
    number: int


@dataclass(frozen=True, slots=True)
class Section:
    """A section with its templates' lines and its own, in order; and where it begins."""

    name: str
    lines: tuple[Line, ...]
    file: Path
    number: int


def is_true(value: str) -> bool:
    """As ast_true has it."""
    return value.lower() in TRUE


class ConfigError(Exception):
    """One sentence: which file, which line, what is wrong, what is allowed."""


def read(path: Path) -> tuple[Section, ...]:
    """All sections of a file and of those it includes, in order, without templates.

    A name may come twice, as it may in Asterisk. Raises ConfigError.
    """
    reader = _Reader(path.parent)
    reader.read(path, ())
    return tuple(
        Section(draft.name, tuple(draft.lines), draft.file, draft.number)
        for draft in reader.drafts
        if not draft.template
    )


@dataclass(slots=True, eq=False)
class _Draft:
    """A section that is being read."""

    name: str
    file: Path
    number: int
    template: bool = False
    lines: list[Line] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class _Place:
    """Where a line stands: the file, its number, and the files that led there, outermost first."""

    files: tuple[Path, ...]
    number: int

    @property
    def file(self) -> Path:
        return self.files[-1]

    def fail(self, sentence: str) -> NoReturn:
        raise ConfigError(f"{self.file}:{self.number}: {sentence}")


class _Reader:
    """The sections so far. `_last`: the one begun last in any file; where an include goes on."""

    def __init__(self, home: Path) -> None:
        self.drafts: list[_Draft] = []
        self._named: defaultdict[str, list[_Draft]] = defaultdict(list)
        self._home = home
        self._last: _Draft | None = None
        self._lines = 0

    def read(self, path: Path, above: tuple[Path, ...]) -> None:
        """One file, and all it includes. `above`: the files that include it, outermost first."""
        files = (*above, path)
        draft = self._last
        comments: list[int] = []
        for number, raw in enumerate(lines_of(path), start=1):
            place = _Place(files, number)
            self._count(place)
            text = _without_comments(raw, comments, place).strip(_BLANKS)
            if text:
                draft = self._take(text, draft, place)
        if comments:
            _Place(files, comments[-1]).fail("this comment has no end; ';--' ends with '--;'.")

    def _take(self, text: str, draft: _Draft | None, place: _Place) -> _Draft | None:
        """One line's meaning. The section in which the file goes on."""
        if text.startswith("["):
            return self._header(text, place)
        if text.startswith("#"):
            self._directive(text, place)
            return draft
        if draft is None:
            place.fail("a setting needs a section above it, such as [general].")
        self._setting(text, draft, place)
        return draft

    def _header(self, text: str, place: _Place) -> _Draft:
        name, closed, rest = text[1:].partition("]")
        if not closed or not name:
            place.fail("a section's name stands between '[' and ']', as in [sales].")
        options: list[str] = []
        if rest:
            inner, closed, after = rest[1:].partition(")")
            if rest[0] != "(" or not closed or after:
                place.fail(
                    f"behind [{name}] may stand only (!), (+) or (template,…), without a space."
                )
            options = inner.split(",")
        new = draft = _Draft(name, place.file, place.number)
        for option in options:
            draft = self._option(option, draft, place)
        if draft is new:
            self.drafts.append(draft)
            self._named[name.lower()].append(draft)
        self._last = draft
        return draft

    def _option(self, option: str, draft: _Draft, place: _Place) -> _Draft:
        if option == "!":
            draft.template = True
        elif option == "+":
            return self._continued(draft, place)
        else:
            base = self._find(option, templates=True)
            if base is None:
                place.fail(f"[{draft.name}] names {option!r}, but no section above is called so.")
            self._add(draft, base.lines, place)
        return draft

    def _continued(self, draft: _Draft, place: _Place) -> _Draft:
        earlier = self._find(draft.name, templates=False)
        if earlier is None:
            place.fail(
                f"[{draft.name}](+) goes on with a section above; none but a template "
                "may be called so, and there is none."
            )
        self._add(earlier, draft.lines, place)
        earlier.template = earlier.template or draft.template
        return earlier

    def _find(self, name: str, templates: bool) -> _Draft | None:
        """The first section of that name, in any case."""
        named = self._named.get(name.lower(), ())
        return next((draft for draft in named if templates or not draft.template), None)

    def _directive(self, text: str, place: _Place) -> None:
        word, rest = _DIRECTIVE.fullmatch(text).groups()  # type: ignore[union-attr]
        if word.lower() not in ("include", "tryinclude"):
            place.fail(f"#{word} is not followed here; allowed are #include and #tryinclude.")
        wanted = _unquoted(rest.strip(_BLANKS))
        if not wanted:
            place.fail(f"#{word} needs the name of a file.")
        if len(place.files) == DEEPEST_INCLUDE:
            place.fail(f"files may include each other {DEEPEST_INCLUDE} deep, and this is deeper.")
        found = self._files(wanted)
        if not found and word.lower() == "include":
            place.fail(f"there is no file {wanted!r} in {self._home}; #tryinclude may name none.")
        for path in found:
            if path in place.files:
                place.fail(f"{path} includes itself.")
            self.read(path, place.files)

    def _files(self, wanted: str) -> list[Path]:
        pattern = str(self._home / wanted)  # an absolute name stands for itself
        try:
            return [Path(name) for name in sorted(glob(pattern)) if Path(name).is_file()]
        except (OSError, ValueError):  # a name that is too long, or has a NUL
            return []

    def _setting(self, text: str, draft: _Draft, place: _Place) -> None:
        name, equals, value = _parted(text, place)
        if not name:
            place.fail(f"a name is missing before '{equals}'.")
        line = Line(name, value.strip(_BLANKS), place.file, place.number)
        if equals == "+=":
            for index in reversed(range(len(draft.lines))):
                if draft.lines[index].name == name:
                    joined = (draft.lines[index].value + value).strip(_BLANKS)
                    draft.lines[index] = Line(name, joined, place.file, place.number)
                    return
        self._add(draft, [line], place)

    def _add(self, draft: _Draft, lines: list[Line], place: _Place) -> None:
        self._count(place, len(lines))
        draft.lines += lines

    def _count(self, place: _Place, lines: int = 1) -> None:
        self._lines += lines
        if self._lines > MOST_LINES:
            place.fail(
                f"this is more than {MOST_LINES} lines, with what is included and inherited."
            )


def lines_of(path: Path) -> Iterable[str]:
    """A text file's lines. Raises ConfigError."""
    try:
        text = path.read_bytes().decode("utf-8-sig")
    except OSError as error:
        raise ConfigError(f"{path}: {error.strerror}.") from None
    except UnicodeDecodeError as error:
        number = error.object.count(b"\n", 0, error.start) + 1
        raise ConfigError(f"{path}:{number}: this is not UTF-8; save the file as UTF-8.") from None
    return text.split("\n")


def _without_comments(raw: str, opened: list[int], place: _Place) -> str:
    """The rest of a line, and in `opened` the line numbers of the comments that go on behind it."""
    if len(raw.encode()) > LONGEST_LINE:
        place.fail(f"a line may have at most {LONGEST_LINE} bytes.")
    kept: list[str] = []
    start = 0
    while (at := raw.find(";", start)) >= 0:
        before, outside = raw[start:at], not opened
        start = at + 1
        if before.endswith("\\"):
            before = before[:-1] + ";"
        elif raw.startswith("--", start) and not raw.startswith("---", start):
            opened.append(place.number)
            start += 2
        elif before.endswith("--"):
            if outside:
                place.fail("'--;' ends a comment, but none was begun by ';--'.")
            opened.pop()
        elif outside:
            start = len(raw)
        if outside:
            kept.append(before)
    if not opened:
        kept.append(raw[start:])
    return "".join(kept)


def _parted(text: str, place: _Place) -> tuple[str, str, str]:
    """A setting's name, its sign ('=', '=>' or '+='), and its value as it stands.

    A backslash in front lets a name begin with any character.
    """
    escaped = text.startswith("\\")
    text = text[escaped:]
    if escaped and (not text or text[0] in _BLANKS):
        place.fail("a backslash in front of a name needs a character behind it.")
    at = text.find("=", int(escaped))
    if at < 0:
        place.fail(
            f"{text!r} has no '='; a line is [section], name = value, #include file, "
            "or a comment behind ';'."
        )
    name, value = text[:at], text[at + 1 :]
    if name[escaped:].endswith("+"):
        return name[:-1].strip(_BLANKS), "+=", value
    if value.startswith(">"):
        return name.strip(_BLANKS), "=>", value[1:]
    return name.strip(_BLANKS), "=", value


def _unquoted(name: str) -> str:
    """An included file's name, out of "…" or <…>."""
    if len(name) > 1 and (name[0], name[-1]) in (('"', '"'), ("<", ">")):
        return name[1:-1]
    return name
