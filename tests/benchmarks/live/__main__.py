"""`python -m tests.benchmarks.live catchup|paced`: a table on the terminal, JSON into a folder."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from tests.benchmarks.live.catchup import catchup
from tests.benchmarks.live.machine import machine
from tests.benchmarks.live.paced import paced

app = typer.Typer(no_args_is_help=True, help="Benchmarks of the live query; every run is checked by DuckDB.")
Out = Annotated[Path, typer.Option(help="folder for the JSON")]


@app.command("catchup")
def catchup_command(events: int = 10_000_000, rounds: int = 3, out: Out = Path("build/benchmarks")) -> None:
    """Events that are in Kafka already, as fast as it goes."""
    _show(catchup(events, rounds), out)


@app.command("paced")
def paced_command(rate: float = 20_000, seconds: float = 60, out: Out = Path("build/benchmarks")) -> None:
    """Latency at a steady rate, from when an event was due to be sent until it is visible."""
    _show(paced(rate, seconds), out)


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
