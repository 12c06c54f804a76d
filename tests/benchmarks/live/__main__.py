"""`python -m tests.benchmarks.live catchup|many|paced|deploy-gap`: a table here, JSON into a folder."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from tests.benchmarks.live.catchup import catchup, many
from tests.benchmarks.live.deploy_gap import deploy_gap
from tests.benchmarks.live.machine import machine
from tests.benchmarks.live.paced import paced

app = typer.Typer(no_args_is_help=True, help="Benchmarks of the live query; every run is checked by DuckDB.")
Out = Annotated[Path, typer.Option(help="folder for the JSON")]
OUT = Path("build/benchmarks")


@app.command("catchup")
def catchup_command(
    events: int = 10_000_000,
    rounds: int = 3,
    contracts: Annotated[
        int, typer.Option(min=0, help="copies of one contract; 0: the core sources as they are")
    ] = 0,
    out: Out = OUT,
) -> None:
    """Events that are in Kafka already, as fast as it goes."""
    _show(catchup(events, rounds, contracts), out)


@app.command("many")
def many_command(
    events: int = 4_000_000,
    rounds: int = 3,
    contracts: Annotated[int, typer.Option(min=2, help="so many against one")] = 16,
    out: Out = OUT,
) -> None:
    """What it costs to have many contracts: catch-up of the same number of events with one and with many."""
    _show(many(events, rounds, contracts), out)


@app.command("paced")
def paced_command(
    rate: float = 20_000,
    seconds: float = 60,
    rounds: int = 3,
    compare_minutes: Annotated[
        float, typer.Option(help="compare the first and the last so many minutes; for a long run")
    ] = 0,
    out: Out = OUT,
) -> None:
    """Latency at a steady rate, from when an event was due to be sent until another connection sees it."""
    _show(paced(rate, seconds, rounds, compare_minutes), out)


@app.command("deploy-gap")
def deploy_gap_command(rate: float = 5_000, seconds: float = 40, rounds: int = 3, out: Out = OUT) -> None:
    """Whether others pause while a source is deployed: the longest gap between commits, with and without."""
    _show(deploy_gap(rate, seconds, rounds), out)


def _show(figures: dict[str, object], out: Path) -> None:
    figures = {**figures, "machine": machine()}
    out.mkdir(parents=True, exist_ok=True)
    path = out / f"live-{figures['benchmark']}-{time.strftime('%Y%m%d-%H%M%S')}.json"
    path.write_text(json.dumps(figures, indent=2), encoding="utf-8")
    table = Table("figure", "value", title=str(path))
    for name, value in figures.items():
        for line in value if isinstance(value, list) else [value]:
            table.add_row(name, json.dumps(line) if isinstance(line, dict) else f"{line}")
    Console().print(table)


if __name__ == "__main__":
    app()
