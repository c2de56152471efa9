"""Findings for people and for programs: a table, and JSON beside the plots."""

import json
import shlex
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from coordinator.cli.bench.findings import Findings, Options

#: Of the JSON's form; it grows when a reader must know.
FORM = 1

#: Sizes that are still told one by one.
LONG = 8


def document(
    name: str, options: Options, findings: Findings, machine: dict[str, Any],
    versions: dict[str, str], took_s: float,
) -> dict[str, Any]:  # fmt: skip
    """All of it, as it is written."""
    return {
        "form": FORM,
        "benchmark": name,
        "command": command(name, options),
        "short": options.short,
        "ended": datetime.now(UTC).isoformat(timespec="seconds"),
        "took_s": round(took_s, 3),
        "machine": machine,
        "versions": {**versions, **findings.versions},
        "measures": [measure.to_json() for measure in findings.measures],
        "targets": [
            {"what": t.what, "measured": t.measured, "wanted": t.wanted,
             "at_least": t.at_least, "met": t.met}
            for t in findings.targets
        ],
        "checks": [
            {"what": c.what, "found": c.found, "wanted": c.wanted, "ok": c.ok}
            for c in findings.checks
        ],
        "notes": findings.notes,
    }  # fmt: skip


def command(name: str, options: Options) -> str:
    """What to type for the same."""
    words = ["gvq", "bench", name]
    words += ["--short"] if options.short else []
    words += ["--real"] if options.real else []
    words += ["--repeats", str(options.repeats)] if options.repeats else []
    words += ["--minutes", f"{options.minutes:g}"] if options.minutes else []
    return shlex.join(words)


def write(folder: Path, body: dict[str, Any]) -> Path:
    """<folder>/<benchmark>.json, of a short run <benchmark>-short.json."""
    folder.mkdir(parents=True, exist_ok=True)
    file = written(folder, body["benchmark"], body["short"])
    file.write_text(json.dumps(body, indent=1, ensure_ascii=False) + "\n", "utf-8")
    return file


def written(folder: Path, name: str, short: bool) -> Path:
    """Where `write` puts what such a run has found."""
    return folder / f"{stem(name, short)}.json"


def stem(name: str, short: bool) -> str:
    """What the files of this run begin with: a short run never replaces a whole one."""
    return f"{name}-short" if short else name


def show(body: dict[str, Any], console: Console) -> None:
    """Table, targets, checks, and under what conditions."""
    console.print(_table(body))
    for target in body["targets"]:
        sign = "≥" if target["at_least"] else "≤"
        verdict = "met" if target["met"] else "MISSED"
        told = f"{shown(target['measured'])}, to be {sign} {shown(target['wanted'])}: {verdict}"
        console.print(f"target  {target['what']}: {told}", markup=False, highlight=False)
    for check in body["checks"]:
        verdict = "right" if check["ok"] else f"WRONG, not {check['wanted']}"
        told = f"check   {check['what']}: {check['found']}, {verdict}"
        console.print(told, style=None if check["ok"] else "red", markup=False, highlight=False)
    for note in body["notes"]:
        console.print(f"note    {note}", markup=False, highlight=False)
    console.print(_conditions(body), markup=False, highlight=False)


def _table(body: dict[str, Any]) -> Table:
    table = Table(title=body["command"], title_justify="left", box=None, pad_edge=False)
    for heading in ("what", "at", "quantity"):
        table.add_column(heading, overflow="fold")
    for heading in ("median", "lowest", "highest"):
        table.add_column(heading, justify="right")
    table.add_column("runs", justify="right")
    for row in _told(body["measures"]):
        at = f"{shown(row['at'])} {row['of']}" if "at" in row else ""
        figures = (shown(row[name]) for name in ("median", "low", "high"))
        quantity = f"{row['quantity']}, {row['unit']}" if row["unit"] else row["quantity"]
        table.add_row(row["subject"], at, quantity, *figures, str(len(row["values"])))
    return table


def _told(measures: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """Of a long row of sizes or times only the ends: the rest is for the plot."""

    def of(row: dict[str, Any]) -> tuple[Any, ...]:
        return row["subject"], row["quantity"], row.get("of")

    length = Counter(map(of, measures))
    seen: Counter[tuple[Any, ...]] = Counter()
    for row in measures:
        seen[of(row)] += 1
        if length[of(row)] <= LONG or seen[of(row)] in (1, length[of(row)]):
            yield row


def _conditions(body: dict[str, Any]) -> str:
    of, versions = body["machine"], body["versions"]
    return (
        f"{of['cpu']}, {of['cores']} cores, {of['kernel']}; load {of['load_before'][0]:.2f} before "
        f"and {of['load_after'][0]:.2f} after, processors busy {of['busy']:.0%}, stolen "
        f"{of['steal']:.1%}; Python {versions['python']}, Valkey {versions['valkey']}, gvq "
        f"{versions['gvq']}"
    )


def shown(value: float) -> str:
    """Four digits that count."""
    if value == 0 or abs(value) >= 1000:
        return f"{value:,.0f}"
    return f"{value:.4g}"
