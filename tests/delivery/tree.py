"""The project's own files as a clean clone has them; works without git, in an archive too."""

import os
from collections.abc import Iterator
from fnmatch import fnmatch
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def read(name: str) -> str:
    """Text of one file, named from the project's root."""
    return (ROOT / name).read_text(encoding="utf-8")


@cache
def texts() -> dict[str, str]:
    """Path from the root → text, of every file that is ours and is text."""
    found = {}
    for path in _ours():
        try:
            found[path.relative_to(ROOT).as_posix()] = path.read_text(encoding="utf-8")
        except UnicodeDecodeError:
            continue
    return found


def _ours() -> Iterator[Path]:
    for folder, folders, files in os.walk(ROOT):
        folders[:] = [name for name in folders if not _ignored(Path(folder, name))]
        yield from (Path(folder, name) for name in files if not _ignored(Path(folder, name)))


def _ignored(path: Path) -> bool:
    """Whether .gitignore, of which we use only names and /names, or git itself leaves it out."""
    here = "/" + path.relative_to(ROOT).as_posix()
    return path.name == ".git" or any(
        here == pattern if pattern.startswith("/") else fnmatch(path.name, pattern)
        for pattern in _gitignore()
    )


@cache
def _gitignore() -> list[str]:
    lines = read(".gitignore").splitlines()
    return [line.rstrip("/") for line in lines if line and not line.startswith("#")]
