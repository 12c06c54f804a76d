"""How long a day of two million events takes, from the start of the process to the published revision.

    python -m tests.benchmarks.rollup [--events 2000000] [--rounds 3]

Each round is a process of its own (`minsheng rollup run`) on an empty mart, and its published
numbers are compared with DuckDB's; a round that differs is void.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
from rich.console import Console
from rich.table import Table

from infra.deploy import deploy
from spark_jobs.lake import TABLE
from spark_jobs.rollup.lake import rollup_session
from streams.settings import Settings
from tests.benchmarks.rollup import servers
from tests.benchmarks.rollup.counted import count_live
from tests.benchmarks.rollup.day import DAY, SOURCE, Truth, make, truth
from tests.core_sources import core

_out = Console()


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--events", type=int, default=2_000_000)
    parser.add_argument("--people", type=int, default=30_000)
    parser.add_argument("--rounds", type=int, default=3)
    asked = parser.parse_args()
    with _installation() as settings:
        records = settings.home / "day.parquet"
        make(records, asked.events, asked.people)
        expected = truth(records)
        _write_lake(settings, records)
        count_live(settings, records)
        rounds = [_round(settings, expected) for _ in range(asked.rounds)]
    table = Table("events", "wall s, median", "spread", "CPU s, median", "machine")
    walls, cpus = ([each[place] for each in rounds] for place in (0, 1))
    table.add_row(
        f"{asked.events:,}",
        f"{statistics.median(walls):.1f}",
        f"{min(walls):.1f} - {max(walls):.1f}",
        f"{statistics.median(cpus):.0f}",
        f"{os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}",
    )
    _out.print(table)
    return 0


@contextmanager
def _installation() -> Iterator[Settings]:
    with tempfile.TemporaryDirectory() as folder, servers.started(Path(folder)) as environment:
        os.environ.update(environment)
        settings = Settings()
        servers.prepare(settings)
        deploy(settings, [core(settings.contracts_dir)[SOURCE]])
        yield settings


def _write_lake(settings: Settings, records: Path) -> None:
    session = rollup_session(settings)
    rows = session.read.parquet(str(records))
    rows.write.format("delta").partitionBy("received_day").save(str(settings.lake_dir / TABLE))
    session.stop()


def _round(settings: Settings, expected: Truth) -> tuple[float, float]:
    with psycopg.connect(settings.postgres_dsn) as connection:
        revisions = (f"mart.{SOURCE}__meals__revision", f"mart.{SOURCE}__channels__revision")
        for table in (*revisions, "mart.publication", "mart.distinct_day_revision", "ops.rollup"):
            connection.execute(f"truncate {table} cascade")
    minsheng = str(Path(sys.executable).with_name("minsheng"))
    command = [minsheng, "rollup", "run", "--source", SOURCE, "--day", DAY.isoformat(), "--json"]
    answer = settings.home / "measured"
    measuring = [sys.executable, "-m", "tests.benchmarks.measured", str(answer)]
    done = subprocess.run([*measuring, *command], check=False, stdout=subprocess.PIPE, text=True)
    taken = json.loads(answer.read_text())
    wall, cpu = taken["wall"], taken["cpu"]
    (report,) = json.loads(done.stdout)
    if report["outcome"] != "published" or _published(settings) != expected:
        raise SystemExit(f"void: {report}")
    _out.print(
        f"{wall:.1f} s, {cpu:.0f} CPU s, at most {taken['peak_mib']} MiB in one process,"
        f" {report['accepted']:,} accepted, {report['duplicate']:,} duplicates"
    )
    return wall, cpu


def _published(settings: Settings) -> Truth:
    with psycopg.connect(settings.postgres_dsn) as connection:
        return Truth(
            connection.execute(
                "select division, meal, meals, price_fen, subsidy_fen"
                f" from mart.{SOURCE}__meals order by 1, 2"
            ).fetchall(),
            connection.execute(
                "select dimensions ->> 'division', value from mart.distinct_day where measure = 'elders'"
                " and dimensions ? 'division' and not dimensions ? 'meal' order by 1"
            ).fetchall(),
        )


if __name__ == "__main__":
    sys.exit(main())
