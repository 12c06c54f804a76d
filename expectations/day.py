"""Roll up a day of some sources, for spark-submit and for Airflow; people say `minsheng rollup run`.

    python -m expectations.day --day YYYY-MM-DD [--source X ...] [--allow-incomplete] [--dry-run]

Prints one line of JSON for each source and logs to stderr. Ends with 0 when every day is published or needed
nothing, 3 when the gate refused one, 75 when one is not complete or is being rolled up by another run (try
again later), 2 when a source is not deployed, 1 on any other error.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from datetime import UTC, date, datetime

from expectations import logs
from expectations.application import Options, run
from expectations.report import exit_code
from streams.registry import Registry
from streams.settings import Settings


def main(arguments: Sequence[str] | None = None) -> int:
    """The command; gives back its exit code."""
    parsed = _parser().parse_args(arguments)
    logs.to_stderr()
    settings = Settings()
    options = Options(parsed.allow_incomplete, parsed.dry_run, parsed.patience)
    wanted = [(source, parsed.day) for source in parsed.source or deployed(settings)]
    reports = []
    for report in run(settings, wanted, options, lambda: datetime.now(UTC)):
        sys.stdout.write(json.dumps(report.as_json(), ensure_ascii=False) + "\n")
        sys.stdout.flush()
        reports.append(report)
    return exit_code(reports)


def deployed(settings: Settings) -> list[str]:
    """Names of the deployed sources."""
    registry = Registry(settings.postgres_dsn)
    try:
        return sorted(registry.deployed().contracts)
    finally:
        registry.close()


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="expectations.day", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--day", required=True, type=date.fromisoformat, help="event day, YYYY-MM-DD")
    parser.add_argument("--source", action="append", help="a source; every deployed one if none is named")
    parser.add_argument("--allow-incomplete", action="store_true", help="publish a provisional revision")
    parser.add_argument("--dry-run", action="store_true", help="build and ask, write nothing")
    parser.add_argument("--patience", type=float, default=180.0, help="seconds to wait for the archive")
    return parser


if __name__ == "__main__":
    sys.exit(main())
