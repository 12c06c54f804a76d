"""The demonstration: a simulated day goes the whole way, then the city lives on at its own pace."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import psycopg
from rich.console import Console
from rich.status import Status

from infra.airflow.client import AirflowClient, Run
from infra.deploy import deploy
from infra.ledger import Entry, read_ledger
from infra.local.errors import DemoStopped
from infra.local.stack import Stack
from infra.superset.sync import bring
from streams.contract.loader import load_contracts
from streams.contract.model import Contract
from streams.registry import deployed, everything
from streams.settings import Settings
from streams.zone import ZONE

ROLLUP = "daily_rollup"
SIMULATOR = "simulator"
CATCH_UP_SECONDS, ROLLUP_SECONDS = 900.0, 1800.0
POLL_SECONDS = 1.0
SAY_EVERY_SECONDS = 20.0


@dataclass
class Steps:
    """Numbered headings, and a line that changes while a step waits for something."""

    console: Console
    total: int
    number: int = 0

    def heading(self, text: str) -> None:
        self.number += 1
        self.console.print(f"\n[bold]{self.number}/{self.total}  {text}[/bold]", highlight=False)

    @contextmanager
    def waiting(self) -> Iterator[Callable[[str], None]]:
        """A function that shows what is waited for: a spinner on a terminal, else a line now and then."""
        began = said = time.monotonic()
        if self.console.is_terminal:
            with self.console.status("") as status:
                yield lambda text: _show(status, text, began)
        else:

            def say(text: str) -> None:
                nonlocal said
                if time.monotonic() - said > SAY_EVERY_SECONDS:
                    said = time.monotonic()
                    self.console.print(f"  {text} ({said - began:.0f} s)", highlight=False, soft_wrap=True)

            yield say
        self.console.print(f"  done in {time.monotonic() - began:.0f} s", highlight=False)


def _show(status: Status, text: str, began: float) -> None:
    status.update(f"{text} ({time.monotonic() - began:.0f} s)")


@dataclass(frozen=True)
class Demo:
    """One call of `minsheng demo`. Every step looks first whether it is done already."""

    settings: Settings
    console: Console
    speed: float
    day: date

    def run(self) -> None:
        """All steps in order. Raises LocalStackError and what the parts of the platform raise themselves."""
        steps, stack = Steps(self.console, 7), Stack.of(self.settings, self.console)
        steps.heading("Starting every part, and waiting until it works")
        stack.up()
        steps.heading("Deploying the contracts")
        contracts = self._deploy()
        is_published = set(contracts) <= published(self.settings, self.day)
        steps.heading(f"Playing {self.day}, compressed {self.speed:.0f} times")
        if is_published:
            self.console.print("  played and published already", highlight=False)
        else:
            self._play()
        steps.heading("Waiting until the live tables and the lake have all of it")
        if not is_published:
            self._catch_up(steps)
        steps.heading(f"Rolling up {self.day} by Airflow")
        if not is_published:
            self._roll_up(steps)
        steps.heading("Bringing the dashboards up to date")
        plan = bring(self.settings, everything(self.settings))
        self.console.print(f"  {'unchanged' if plan.is_empty else 'up to date'}", highlight=False)
        steps.heading("Letting the city live on at its own pace")
        stack.up([SIMULATOR])

    def _deploy(self) -> Mapping[str, Contract]:
        wanted = load_contracts(self.settings.contracts_dir)
        deploy(self.settings, wanted.values(), dry_run=False)
        contracts = deployed(self.settings).contracts
        self.console.print(
            f"  {', '.join(contract.title for contract in contracts.values())}", highlight=False
        )
        return contracts

    def _play(self) -> None:
        command = Path(sys.executable).with_name("minsheng")
        arguments = ["simulate", "day", "--day", f"{self.day}", "--speed", f"{self.speed:g}"]
        code = subprocess.run([command, *arguments], check=False).returncode
        if code:
            raise DemoStopped(
                f"`minsheng {' '.join(arguments)}` ended with exit code {code}",
                "see its message above; `make demo` goes on (events that were sent already count once)",
            )

    def _catch_up(self, steps: Steps) -> None:
        began, entries = datetime.now(UTC), list[Entry]()
        give_up = time.monotonic() + CATCH_UP_SECONDS
        with (
            steps.waiting() as say,
            psycopg.connect(self.settings.postgres_dsn, autocommit=True) as connection,
        ):
            while time.monotonic() < give_up:
                entries = read_ledger(connection, self.settings.topic_prefix)
                live, lake = (
                    sum(getattr(entry, name) for entry in entries) for name in ("in_flight", "to_archive")
                )
                if looked_at_since(connection, began) and not live and not lake:
                    return
                say(f"{live:,} events on their way to the live tables, {lake:,} to the lake")
                time.sleep(POLL_SECONDS)
        raise DemoStopped(
            f"not all arrived within {CATCH_UP_SECONDS:.0f} s: {[entry.as_json() for entry in entries]}",
            "`minsheng logs stream` says what holds it up; `make demo` goes on",
        )

    def _roll_up(self, steps: Steps) -> None:
        with steps.waiting() as say, AirflowClient(self.settings) as airflow:

            def look(run: Run) -> None:
                tasks = airflow.tasks(run)
                done = sum(task.state == "success" for task in tasks)
                now = ", ".join(str(task) for task in tasks if task.state == "running")
                say(f"{run.run_id}: {run.state}, {done} of {len(tasks)} tasks done; {now}")

            run = airflow.trigger(ROLLUP, conf={"day": f"{self.day}"})
            airflow.wait(run, ROLLUP_SECONDS, look)


def demo_day(settings: Settings) -> date:
    """The day that this installation's demonstration plays: yesterday, when it is asked for the first time.

    It is remembered, so that a later call finds its work done instead of playing another day.
    """
    remembered = settings.home / "demo_day"
    if not remembered.is_file():
        settings.home.mkdir(parents=True, exist_ok=True)
        remembered.write_text(f"{datetime.now(ZONE).date() - timedelta(days=1)}\n", encoding="ascii")
    return date.fromisoformat(remembered.read_text(encoding="ascii").strip())


def published(settings: Settings, day: date) -> set[str]:
    """Sources whose day is published."""
    query = "select source from mart.publication where is_current and event_day = %s"
    with psycopg.connect(settings.postgres_dsn) as connection:
        return {source for (source,) in connection.execute(query, (day,))}


def looked_at_since(connection: psycopg.Connection, moment: datetime) -> bool:
    """Whether Kafka's own offsets were looked at after that moment."""
    row = connection.execute("select max(observed_at) > %s from ops.sent", (moment,)).fetchone()
    return bool(row and row[0])
