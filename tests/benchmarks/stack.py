"""What the whole local stack takes at the city's own pace: memory and cores of every part.

    python -m tests.benchmarks.stack [--rate 150] [--minutes 3]

Every part runs as `minsheng up` starts it, in a folder and on ports of its own. Measured twice: with nothing
but the load, and while Airflow rolls up the day before. Memory is PSS: shared pages are divided among those
who share them. The load itself is not counted.
"""

from __future__ import annotations

import json
import tempfile
import threading
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.progress import Progress
from rich.table import Table

from infra.airflow.client import AirflowClient
from streams.contract.model import Contract
from streams.settings import REPOSITORY
from streams.zone import ZONE
from tests.benchmarks.live.events import Events
from tests.benchmarks.live.load import pace
from tests.benchmarks.live.machine import machine
from tests.benchmarks.taken import measured
from tests.core_sources import core
from tests.end_to_end.installation import Installation
from tests.waiting import wait_for

WARM_SECONDS = 60
ROLLUP_SECONDS = 1800
FOREVER_SECONDS = 1e6
ROLLUP = "daily_rollup"
Figures = dict[str, Any]
_out = Console()


@contextmanager
def _loaded(city: Installation, contracts: Mapping[str, Contract], rate: float) -> Iterator[None]:
    """Events by the clock, from a thread of this process, while the block runs."""
    stop = threading.Event()
    settings = city.settings
    events = Events(list(contracts.values()), period=timedelta(seconds=1 / rate))

    def send() -> None:
        pace(
            settings.kafka_bootstrap,
            settings.topic_prefix,
            events,
            partitions=settings.topic_partitions,
            rate=rate,
            seconds=FOREVER_SECONDS,
            going=lambda: not stop.is_set(),
        )

    thread = threading.Thread(target=send)
    thread.start()
    try:
        yield
        if not thread.is_alive():
            raise SystemExit("void: the load ended by itself")
    finally:
        stop.set()
        thread.join()


def stack(rate: float, minutes: float, scale: float) -> Figures:
    """Start everything, play the day before, then measure. scale: of the day that is rolled up."""
    yesterday = datetime.now(ZONE).date() - timedelta(days=1)
    with tempfile.TemporaryDirectory(prefix="minsheng-bench-") as name:
        folder = Path(name)
        folder.chmod(0o755)  # PostgreSQL runs as another user
        (folder / "contracts").mkdir(mode=0o755)
        contracts = core(REPOSITORY / "streams" / "contracts")
        for source, contract in contracts.items():
            (folder / "contracts" / f"{source}.yaml").write_text(contract.text, encoding="utf-8")
        city = Installation.in_folder(folder / "home", folder / "contracts", ARCHIVE_TRIGGER_SECONDS="60")
        try:
            _say("starting every part")
            city.minsheng("up")
            city.minsheng("contract", "deploy")
            _say(f"playing {yesterday}")
            city.minsheng("simulate", "day", "--day", yesterday, "--scale", scale)
            wait_for(lambda: _arrived(city), 600)
            with _loaded(city, contracts, rate):
                _wait("warming up", WARM_SECONDS)
                with measured(city.settings) as quiet:
                    _wait(f"{rate:g} events/s", minutes * 60)
                with measured(city.settings) as busy, AirflowClient(city.settings) as airflow:
                    _say(f"{rate:g} events/s, and Airflow rolls up {yesterday}")
                    run = airflow.trigger(ROLLUP, conf={"day": f"{yesterday}"})
                    airflow.wait(run, ROLLUP_SECONDS)
        finally:
            city.minsheng("down")
    return {
        "benchmark": "stack",
        "events_per_second": rate,
        "load": quiet.figures(),
        "rollup": busy.figures(),
        "machine": machine(),
    }


def _arrived(city: Installation) -> bool:
    entries = city.json("ledger")
    return bool(entries) and not any(entry["in_flight"] or entry["to_archive"] for entry in entries)


def _say(what: str) -> None:
    _out.print(f"  {what}", highlight=False)


def _wait(what: str, seconds: float) -> None:
    with Progress(console=_out) as progress:
        task = progress.add_task(what, total=seconds)
        begun = time.monotonic()
        while (passed := time.monotonic() - begun) < seconds:
            progress.update(task, completed=passed)
            time.sleep(min(1.0, seconds - passed))


def main(
    rate: Annotated[float, typer.Option(help="events a second, day and night")] = 150,
    minutes: Annotated[float, typer.Option(help="of load without a rollup")] = 3,
    scale: Annotated[float, typer.Option(help="of the day that is rolled up")] = 1,
    out: Annotated[Path, typer.Option(help="folder for the JSON")] = Path("build/benchmarks"),
) -> None:
    """Memory and cores of every part of the local stack, at a steady rate and while a day is rolled up."""
    figures = stack(rate, minutes, scale)
    out.mkdir(parents=True, exist_ok=True)
    path = out / f"stack-{time.strftime('%Y%m%d-%H%M%S')}.json"
    path.write_text(json.dumps(figures, indent=2), encoding="utf-8")
    _out.print(_table(figures, str(path)))


def _table(figures: Figures, title: str) -> Table:
    table = Table("part", "PSS MiB", "peak", "cores", "PSS MiB, rollup", "peak", "cores", title=title)
    phases = [figures["load"], figures["rollup"]]
    for name in phases[0]["parts"]:
        table.add_row(name, *_cells(phase["parts"][name] for phase in phases))
    table.add_section()
    table.add_row("total", *_cells(phase["total"] for phase in phases))
    return table


def _cells(taken: Iterable[Mapping[str, float]]) -> Iterator[str]:
    return (f"{value:g}" for each in taken for value in each.values())


if __name__ == "__main__":
    typer.run(main)
