"""`python -m tests.benchmarks.sizes`: bytes that an event takes in Kafka, lake and PostgreSQL, measured on
simulated days of every contract, and the disk that a year of a city takes by them.

A day at the volume that the contracts expect, then the same city several times as busy: rows of minutes grow
with the groups that something happens in, not with events, so that the busier day costs less an event.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import psycopg
from deltalake import DeltaTable

from spark_jobs.lake import TABLE
from spark_jobs.rollup.lake import rollup_session
from spark_jobs.rollup.maintenance import maintain
from streams.contract.loader import load_contracts
from streams.days import day_of
from streams.settings import Settings
from tests.benchmarks.live.servers import servers, streaming
from tests.waiting import wait_for

SECONDS = 900
GIB = 2**30
YEAR = 365
GROUPS = {
    "claims": "ops.claim%",
    "claims of rules": "ops.unique_claim%",
    "cases": "ops.case_step%",
    "quarantine": "ops.quarantine",
    "minutes": "live.%",
}
"""Name of what grows -> its tables, as a pattern of SQL."""


@dataclass(frozen=True)
class Sizes:
    """events: sent. rejected: in quarantine. Bytes an event: Kafka's log; the lake's files as written and
    compacted; per group of GROUPS its tables and indexes (quarantine: per rejected event)."""

    events: int
    rejected: int
    kafka: float
    lake_written: float
    lake_compacted: float
    postgres: Mapping[str, float]


def measure(scale: float, folder: Path) -> Sizes:
    """Send a day of that many times the expected volume, wait until all of it is counted and archived."""
    contracts = load_contracts(Settings().contracts_dir)
    with servers(folder) as running:
        settings = running.installation("sizes", "sizes.", contracts)
        day = day_of(datetime.now(UTC)) - timedelta(days=1)
        command = ["simulate", "day", "--day", day.isoformat(), "--scale", str(scale), "--json"]
        minsheng = Path(sys.executable).with_name("minsheng")
        sent = subprocess.run([minsheng, *command], capture_output=True, text=True, check=True)
        events = sum(source["sent"] for source in json.loads(sent.stdout)["sources"].values())
        with streaming(settings):
            wait_for(lambda: _counted(settings, "live") == _counted(settings, "archive") == events, SECONDS)
        kafka = sum(path.stat().st_size for path in (folder / "kafka" / "log").rglob("*.log"))
        written = _active(settings)
        session = rollup_session(settings)
        maintain(session, settings.lake_dir, day_of(datetime.now(UTC)) + timedelta(days=1), day)
        session.stop()
        return Sizes(
            events,
            _rejected(settings),
            kafka / events,
            written / events,
            _active(settings) / events,
            _postgres(settings, events),
        )


def _counted(settings: Settings, query: str) -> int:
    with psycopg.connect(settings.postgres_dsn) as connection:
        row = connection.execute(
            "select coalesce(sum(events), 0)::bigint from ops.tally where query = %s", (query,)
        ).fetchone()
    return row[0] if row else 0


def _rejected(settings: Settings) -> int:
    with psycopg.connect(settings.postgres_dsn) as connection:
        row = connection.execute("select count(*) from ops.quarantine").fetchone()
    return row[0] if row else 0


def _active(settings: Settings) -> int:
    """Bytes of the files that the lake's newest version refers to; others go after a week."""
    table = DeltaTable(str(settings.lake_dir / TABLE))
    return sum(Path(path.removeprefix("file://")).stat().st_size for path in table.file_uris())


def _postgres(settings: Settings, events: int) -> dict[str, float]:
    found = {}
    with psycopg.connect(settings.postgres_dsn, autocommit=True) as connection:
        connection.execute("vacuum analyze")
        for name, pattern in GROUPS.items():
            row = connection.execute(
                "select coalesce(sum(pg_total_relation_size(c.oid)), 0)::bigint from pg_class c"
                " join pg_namespace n on n.oid = c.relnamespace"
                " where c.relkind = 'r' and n.nspname || '.' || c.relname like %s",
                (pattern,),
            ).fetchone()
            per = max(1, _rejected(settings)) if name == "quarantine" else events
            found[name] = (row[0] if row else 0) / per
    return found


def year(
    sizes: Sizes, per_day: float, settings: Settings, *, replication: int, kafka_days: int = 7
) -> dict[str, float]:
    """GiB of disk after a year at `per_day` events a day, by what takes it."""
    rejected = sizes.rejected / sizes.events
    events = {
        "Kafka": sizes.kafka * kafka_days * replication,
        "lake": sizes.lake_compacted * min(YEAR, settings.lake_retention_days),
        "lake, not compacted yet (a week)": sizes.lake_written * 7,
        "claims": sizes.postgres["claims"] * settings.claim_days,
        "claims of rules": sizes.postgres["claims of rules"] * min(YEAR, settings.lake_retention_days),
        "cases": sizes.postgres["cases"] * min(YEAR, settings.lake_retention_days),
        "quarantine": sizes.postgres["quarantine"] * rejected * min(YEAR, settings.ops_retention_days),
        "minutes": sizes.postgres["minutes"] * YEAR,
    }
    return {name: bytes_ * per_day / GIB for name, bytes_ in events.items()}


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.sizes", description=__doc__)
    parser.add_argument(
        "--scale", type=float, nargs="*", default=[1.0, 4.0], help="times the expected volume"
    )
    arguments = parser.parse_args()
    settings = Settings()
    for scale in arguments.scale:
        with tempfile.TemporaryDirectory(prefix="minsheng-sizes-", ignore_cleanup_errors=True) as folder:
            sizes = measure(scale, Path(folder))
        years = {
            str(rate): year(sizes, rate * 86_400, settings, replication=1)
            for rate in (sizes.events / scale / 86_400, 150)
        }
        json.dump({"scale": scale, **asdict(sizes), "year_gib": years}, sys.stdout, indent=1)
        sys.stdout.write("\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
