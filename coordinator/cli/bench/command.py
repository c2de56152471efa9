"""gvq bench, as the command line has it."""

import asyncio
import sys
import time
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console

from coordinator.cli.bench.findings import RESULTS, Options
from coordinator.cli.bench.registry import BENCHMARKS, benchmark
from coordinator.cli.errors import CliError
from coordinator.cli.output import AsJson, print_json

ALL = "all"

#: Of the table where there is no terminal to ask.
WIDTH = 130
_NAMES = "; ".join(f"{name}: {what}" for name, what in BENCHMARKS.items())


def bench(
    name: Annotated[str, typer.Argument(help=f"{_NAMES}; {ALL}: one after the other.")],
    short: Annotated[bool, typer.Option("--short", help="For correctness, in seconds.")] = False,
    repeats: Annotated[int | None, typer.Option(min=1, help="How often each is run.")] = None,
    minutes: Annotated[
        float | None, typer.Option(min=0.01, help="through: watch its memory for so long.")
    ] = None,
    real: Annotated[bool, typer.Option("--real", help="join, adapter: on real boxes too.")] = False,
    to: Annotated[Path, typer.Option(help="Folder for JSON and plots.")] = RESULTS,
    as_json: AsJson = False,
) -> None:
    """Measure, beside what others do, on this machine; print a table, write JSON and plots.

    Needs a machine that does nothing else. Status 1 when something was wrong, never for being slow.
    """
    options = Options(short, repeats, minutes, real, to)
    console = Console(file=sys.stderr if as_json else None)
    if not console.is_terminal:
        console.width = WIDTH
    bodies = [run(each, options, console) for each in _wanted(name)]
    if as_json:
        print_json(bodies if name == ALL else bodies[0])
    if not all(check["ok"] for body in bodies for check in body["checks"]):
        raise typer.Exit(1)


def _wanted(name: str) -> list[str]:
    if name == ALL:
        return list(BENCHMARKS)
    if name not in BENCHMARKS:
        raise CliError(f"There is no benchmark {name!r}; there are {', '.join(BENCHMARKS)}, {ALL}.")
    return [name]


def run(name: str, options: Options, console: Console) -> dict[str, Any]:
    """One benchmark, told on the console and written to its folder. Returns what was written."""
    from coordinator.cli.bench import output
    from coordinator.cli.bench.machine import Moment, described, versions

    console.print(f"{output.command(name, options)}: {BENCHMARKS[name]}", markup=False)
    before, began = Moment.now(), time.monotonic()
    findings = asyncio.run(_measured(name, options))
    took_s = time.monotonic() - began
    machine = described(before, Moment.now())
    body = output.document(name, options, findings, machine, versions(), took_s)
    output.show(body, console)
    to = options.results
    written = [output.write(to, body), *_drawn(to, body)]
    console.print(f"written to {to}: {', '.join(file.name for file in written)}", markup=False)
    return body


async def _measured(name: str, options: Options) -> Any:
    return await benchmark(name)(options, lambda line: print(line, file=sys.stderr, flush=True))


def _drawn(to: Path, body: dict[str, Any]) -> list[Path]:
    from coordinator.cli.bench import plots

    try:
        return plots.draw(to, body)
    except ImportError:
        print("No plots: matplotlib comes with the extra gvq[bench].", file=sys.stderr)
        return []
