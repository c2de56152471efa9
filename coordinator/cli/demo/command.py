"""gvq demo, as the command line has it."""

import asyncio
import sys
from typing import Annotated

import typer

from coordinator.cli.output import AsJson, print_json

#: 128 + SIGTERM, as shells have it.
TERMINATED = 143


def demo(
    callers: Annotated[int, typer.Option(min=1, max=200, help="How many callers.")] = 21,
    seed: Annotated[int, typer.Option(help="Another mix of callers, boxes and times.")] = 1,
    simulated: Annotated[bool, typer.Option("--simulated", help="No Asterisk.")] = False,
    keep: Annotated[bool, typer.Option("--keep", help="Stay up until Ctrl-C.")] = False,
    as_json: AsJson = False,
) -> None:
    """Show the one line at work: three boxes, six agents, callers in a mixed order.

    Real Asterisk boxes as root on Debian; elsewhere simulated ones, and it says so. Ends with the
    order of joining beside the order of service and the verdict of verify; status 0 when right.
    """
    from coordinator.cli.demo.run import Options, play  # boxes, simulator, audit: for it alone
    from coordinator.cli.demo.screen import Screen

    screen = Screen(sys.stderr if as_json else None)
    try:
        result = asyncio.run(play(Options(callers, seed, simulated, keep), screen))
    except asyncio.CancelledError:
        raise typer.Exit(TERMINATED) from None
    if as_json:
        print_json(result.to_json())
    if not result.ok:
        raise typer.Exit(1)
