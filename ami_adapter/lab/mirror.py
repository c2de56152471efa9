"""The Debian mirror this machine's own apt uses. Reads apt's configuration, changes nothing."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from ami_adapter.lab.errors import LabError

APT = Path("/etc/apt")

#: What debootstrap can fetch from.
_SCHEMES = ("http://", "https://", "file:")


@dataclass(frozen=True)
class Source:
    """One place apt gets packages from: sources.list(5)."""

    uri: str
    suites: tuple[str, ...]
    components: tuple[str, ...]


def find(apt: Path = APT) -> str:
    """The URI of a Debian archive with all suites in it. LabError when apt knows none."""
    for source in sources(apt):
        if source.uri.startswith(_SCHEMES) and _is_archive(source):
            return source.uri
    raise LabError(f"apt's configuration in {apt} names no Debian mirror to build the lab from.")


def _is_archive(source: Source) -> bool:
    """Whether it is Debian's own archive: `main` of a plain suite, not of updates or security.

    Other people's repositories have a `main` too; their folder is not called debian. Debootstrap
    checks the signature of what it gets from there.
    """
    plain = any("-" not in suite and "/" not in suite for suite in source.suites)
    name = source.uri.rstrip("/").rpartition("/")[2]
    return plain and "main" in source.components and "debian" in name


def sources(apt: Path) -> Iterator[Source]:
    """Every enabled binary source, in apt's order of files."""
    listed = [apt / "sources.list", *sorted((apt / "sources.list.d").glob("*"))]
    for file in filter(Path.is_file, listed):
        text = file.read_text("utf-8", "replace")
        if file.suffix == ".sources":
            yield from deb822(text)
        elif file.suffix == ".list":
            yield from one_line(text.splitlines())


def one_line(lines: Iterable[str]) -> Iterator[Source]:
    """`deb [options] uri suite component...`"""
    for line in lines:
        words = line.partition("#")[0].split()
        if words[:1] != ["deb"]:
            continue
        if words[1].startswith("["):
            end = next(n for n, word in enumerate(words) if word.endswith("]"))
            words = [words[0], *words[end + 1 :]]
        _, uri, suite, *components = words
        yield Source(uri, (suite,), tuple(components))


def deb822(text: str) -> Iterator[Source]:
    """Stanzas of `Types: URIs: Suites: Components:`."""
    lines = [line for line in text.splitlines() if not line.startswith("#")]
    for stanza in "\n".join(lines).split("\n\n"):
        fields = _fields(stanza)
        if "deb" in fields.get("types", []) and fields.get("enabled", ["yes"]) != ["no"]:
            for uri in fields.get("uris", []):
                suites, components = fields.get("suites", []), fields.get("components", [])
                yield Source(uri, tuple(suites), tuple(components))


def _fields(stanza: str) -> dict[str, list[str]]:
    """Field names in lower case, values in words; a line that begins blank goes on."""
    fields: dict[str, list[str]] = {}
    name = ""
    for line in stanza.splitlines():
        if not line[:1].isspace():
            name, _, line = line.partition(":")
            name = name.strip().lower()
        fields.setdefault(name, []).extend(line.split())
    return fields
