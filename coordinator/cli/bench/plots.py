"""PNG plots of a benchmark's JSON, by matplotlib (the extra `bench`)."""

from itertools import groupby
from pathlib import Path
from typing import Any

from coordinator.cli.bench.output import stem

#: A row of sizes that grows by more than this is drawn on logarithmic axes.
WIDE = 50

Rows = list[dict[str, Any]]


def draw(folder: Path, body: dict[str, Any]) -> list[Path]:
    """One file a quantity: bars with the spread, or curves where a size is varied.

    Raises ImportError without matplotlib.
    """
    import matplotlib

    matplotlib.use("agg")
    files = []
    for (of, quantity), group in groupby(sorted(body["measures"], key=_plot), key=_plot):
        name = "-".join(filter(None, (stem(body["benchmark"], body["short"]), of, quantity)))
        file = folder / f"{_file_name(name)}.png"
        _figure(file, body, of, quantity, list(group))
        files.append(file)
    return files


def _plot(row: dict[str, Any]) -> tuple[str, str]:
    return row.get("of", ""), row["quantity"]


def _file_name(text: str) -> str:
    return "".join(letter if letter.isalnum() or letter == "-" else "_" for letter in text)


def _figure(file: Path, body: dict[str, Any], of: str, quantity: str, rows: Rows) -> None:
    from matplotlib.figure import Figure

    figure = Figure(figsize=(8, 4.5), layout="constrained")
    axes = figure.subplots()
    (_curves if of else _bars)(axes, rows)
    axes.set_title(f"{body['command']}: {quantity}", fontsize=10)
    unit = rows[0]["unit"]
    (axes.set_ylabel if of else axes.set_xlabel)(f"{quantity}, {unit}" if unit else quantity)
    if of:
        axes.set_xlabel(of)
    machine = body["machine"]
    where = f"{machine['cpu']}, {machine['cores']} cores"
    foot = f"{where}; gvq {body['versions']['gvq']}; median and spread of the runs"
    figure.supxlabel(foot, fontsize=7)
    figure.savefig(file, dpi=110)


def _bars(axes: Any, rows: Rows) -> None:
    names = [row["subject"] for row in rows]
    medians = [row["median"] for row in rows]
    axes.barh(names, medians, xerr=_spread(rows), capsize=4)
    axes.invert_yaxis()


def _curves(axes: Any, rows: Rows) -> None:
    by_subject = sorted(rows, key=lambda row: (row["subject"], row["at"]))
    for subject, group in groupby(by_subject, key=lambda row: row["subject"]):
        line = list(group)
        sizes, medians = [row["at"] for row in line], [row["median"] for row in line]
        axes.errorbar(sizes, medians, yerr=_spread(line), marker="o", capsize=3, label=subject)
    sizes = [row["at"] for row in rows]
    if min(sizes) > 0 and max(sizes) / min(sizes) > WIDE:
        axes.set_xscale("log")
    axes.set_ylim(bottom=0)
    axes.grid(True, alpha=0.3)
    axes.legend(fontsize=8)


def _spread(rows: Rows) -> list[list[float]]:
    """How far the lowest and the highest run are from the median."""
    return [
        [row["median"] - row["low"] for row in rows],
        [row["high"] - row["median"] for row in rows],
    ]
