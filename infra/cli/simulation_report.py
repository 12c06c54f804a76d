"""How `minsheng simulate` shows what is sent, and what must come of it."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from datetime import date

from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from infra.cli.output import err, out, print_json
from streams.simulator.answer import Answer
from streams.simulator.day import SimulatedDay

SAY_EVERY_SECONDS = 20.0
HEADINGS = {
    "sent": "sent",
    "accepted": "accepted",
    "quarantined": "to quarantine",
    "duplicate": "duplicate",
    "conflict": "conflict",
    "late": "accepted late",
}


@contextmanager
def progress(
    days: Sequence[SimulatedDay], begin: int | None, end: int | None
) -> Iterator[Callable[[str, int], None]]:
    """Gives the function that is told what was sent: a bar for each source, or a line now and then.

    On standard error; lines where that is no terminal.
    """
    totals = {one.contract.source: one.count(begin, end) for one in days}
    if not err.is_terminal:
        yield _lines(sum(totals.values()))
        return
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=err) as bars:
        tasks = {
            one.contract.source: bars.add_task(one.contract.title, total=totals[one.contract.source])
            for one in days
        }
        yield lambda source, count: bars.advance(tasks[source], count)


def _lines(total: int) -> Callable[[str, int], None]:
    began = said = time.monotonic()
    sent = 0

    def tell(_: str, count: int) -> None:
        nonlocal said, sent
        sent += count
        if time.monotonic() - said >= SAY_EVERY_SECONDS:
            said = time.monotonic()
            err.print(f"  {sent:,} of {total:,} events sent ({said - began:.0f} s)")

    return tell


def report(answers: Sequence[Answer], day: date, seed: int, seconds: float | None, *, as_json: bool) -> None:
    """Print what the platform must make of what is sent; sending took `seconds`, None: nothing was sent."""
    if as_json:
        sources = {answer.source: {**asdict(answer), "day": str(answer.day)} for answer in answers}
        print_json({"day": str(day), "seed": seed, "seconds": seconds, "sources": sources})
        return
    table = Table("source", *HEADINGS.values(), box=None, title=f"{day}, seed {seed}", title_justify="left")
    for answer in answers:
        table.add_row(answer.source, *(f"{getattr(answer, name):,}" for name in HEADINGS))
    out.print(table)
    if seconds is not None:
        total = sum(answer.sent for answer in answers)
        out.print(f"{total:,} events in {seconds:.1f} s, {total / max(seconds, 1e-9):,.0f} a second")
