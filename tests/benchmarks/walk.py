"""The walk through a new source, timed: `python -m tests.benchmarks.walk`.

The commands of docs/data-engineer.md, each as a process of its own, with a file of 300,000 rows of a source
that the platform has never heard of; beside them Kafka, PostgreSQL and the stream on ports of their own
(Superset is not started: what its page shows is read from the live table). What stands there in the end is
compared with what DuckDB counts in the file; a run that differs is void.
"""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Annotated

import duckdb
import openpyxl
import psycopg
import typer
from rich.console import Console
from rich.table import Table

from infra.cli import exits
from streams.settings import Settings
from streams.zone import ZONE
from tests.benchmarks.live.machine import machine
from tests.benchmarks.live.oracle import Void
from tests.benchmarks.live.paced import wait_until
from tests.benchmarks.live.servers import servers, streaming
from tests.docs.test_new_source import WALK
from tests.streams.authoring.rides import HEADINGS, WRONG_IDS, rides, write_csv

TABLE = 'live."bike_ride__events"'
OUT = Path("build/benchmarks")
TARGET_SECONDS = 120
ALIVE = "select count(*) from ops.heartbeat where query = 'live'"


@dataclass
class Walk:
    """What each step took: wall clock and processor, in seconds."""

    folder: Path
    steps: dict[str, dict[str, float]] = field(default_factory=dict)

    def step(self, words: Sequence[str]) -> None:
        """One command of the page; answers no where two lines of the file are refused."""
        name = " ".join(words[:2]) if words[0] == "contract" else words[0]
        wanted = exits.NO if name in ("contract try", "import") else exits.OK
        program = str(Path(sys.executable).with_name("minsheng"))
        before, begun = _processor(), time.monotonic()
        done = subprocess.run([program, *words], cwd=self.folder, capture_output=True, text=True, check=False)
        self.steps[name] = {
            "seconds": round(time.monotonic() - begun, 1),
            "processor": round(_processor() - before, 1),
        }
        if done.returncode != wanted:
            raise Void(f"{name}: exit code {done.returncode}\n{done.stdout[-2000:]}\n{done.stderr[-2000:]}")

    @property
    def seconds(self) -> float:
        return round(sum(step["seconds"] for step in self.steps.values()), 1)


def main(
    rows: int = 300_000,
    workbook: Annotated[bool, typer.Option("--xlsx", help="An Excel workbook instead of a CSV.")] = False,
    out: Annotated[Path, typer.Option(help="folder for the JSON")] = OUT,
) -> None:
    """Walk once, and print what it took."""
    with tempfile.TemporaryDirectory(prefix="minsheng-walk-") as name, servers(Path(name)) as own:
        folder = Path(name) / "work"
        settings = own.installation("walk", "walk.", {})
        os.environ["MINSHENG_CONTRACTS_DIR"] = str(folder / "streams" / "contracts")
        sample = _sample(folder, rows, workbook=workbook)
        walk = Walk(folder)
        with streaming(settings):
            wait_until(settings, ALIVE, 1)
            words = [_renamed(each, sample) for each in WALK]
            for each in words[:-1]:
                walk.step(each)
            first, whole = _imported(settings, walk, words[-1], rows - len(WRONG_IDS))
        _compare(settings, folder / "rides.csv")
    figures = {
        "benchmark": "walk",
        "rows": rows,
        "file": sample,
        "seconds": walk.seconds,
        "target_seconds": TARGET_SECONDS,
        **{f"{step}, {what}": value for step, took in walk.steps.items() for what, value in took.items()},
        "first event on the page, seconds after import began": first,
        "all events on the page, seconds after import began": whole,
        "machine": machine(),
    }
    out.mkdir(parents=True, exist_ok=True)
    path = out / f"walk-{time.strftime('%Y%m%d-%H%M%S')}.json"
    path.write_text(json.dumps(figures, indent=2, ensure_ascii=False), encoding="utf-8")
    table = Table("figure", "value", title=str(path))
    for figure, value in figures.items():
        table.add_row(figure, str(value))
    Console().print(table)


def _sample(folder: Path, rows: int, *, workbook: bool) -> str:
    """Write the file; DuckDB reads the CSV in either case."""
    folder.mkdir()
    today = datetime.now(ZONE).replace(hour=0, minute=0, second=0, microsecond=0)
    write_csv(folder / "rides.csv", rides(rows, begin=today - timedelta(days=22)))
    if not workbook:
        return "rides.csv"
    book = openpyxl.Workbook(write_only=True)
    sheet = book.create_sheet()
    sheet.append(HEADINGS)
    for row in rides(rows, begin=today - timedelta(days=22)):
        sheet.append(list(row.values()))
    book.save(folder / "rides.xlsx")
    return "rides.xlsx"


def _renamed(words: Sequence[str], sample: str) -> list[str]:
    return [word.replace("rides.csv", sample) for word in words]


def _imported(settings: Settings, walk: Walk, words: Sequence[str], events: int) -> tuple[float, float]:
    """Import; seconds until another connection sees the first event, and until it sees all of them."""
    begun, first = time.monotonic(), list[float]()

    def watch() -> None:
        wait_until(settings, f"select count(*) from {TABLE}", 1, every=0.05)
        first.append(round(time.monotonic() - begun, 1))

    watching = threading.Thread(target=watch)
    watching.start()
    walk.step(words)
    wait_until(settings, f"select coalesce(sum(events), 0) from {TABLE}", events)
    watching.join()
    return first[0], round(time.monotonic() - begun, 1)


def _compare(settings: Settings, csv: Path) -> None:
    """Rides, money and minutes by kind of member: as DuckDB counts them in the file."""
    with psycopg.connect(settings.postgres_dsn) as connection:
        live = connection.execute(
            f"select member_type, sum(events)::bigint, sum(fee_fen)::bigint, sum(ride_duration)::bigint"
            f" from {TABLE} group by 1 order by 1".encode()
        ).fetchall()
    wrong = " and ".join(f"n <> {line - 2}" for line in WRONG_IDS)
    with duckdb.connect() as plain:
        counted = plain.execute(
            'select "会员类型", count(*), sum(round("费用(元)" * 100)::bigint),'
            ' sum("骑行时长(分钟)")::bigint from'
            f" (select *, row_number() over () - 1 n from read_csv('{csv}')) where {wrong} group by 1"
        ).fetchall()
    if sorted(live) != sorted(counted):
        raise Void(f"live: {live}; in the file: {counted}")


def _processor() -> float:
    """Seconds of processor of the processes that have ended."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


if __name__ == "__main__":
    typer.run(main)
