"""How tasks do their work: they call the `minsheng` command of the stream environment.

Airflow's environment holds neither Spark nor Great Expectations, and this file nothing but standard library
and Airflow's SDK.
"""

from __future__ import annotations

import json
import logging
import os
import signal
import subprocess
from datetime import date, timedelta
from tempfile import TemporaryFile
from typing import IO, Any

import pendulum
from airflow.sdk import Asset, AssetAlias, get_current_context
from airflow.sdk.exceptions import AirflowException, AirflowFailException

ZONE = "Asia/Shanghai"
SINCE = pendulum.parse(os.environ.get("MINSHENG_SINCE", "2022-01-01T00:00:00+08:00"), tz=ZONE)
"""When the installation was made: with an earlier start a new one would run at once what it never missed."""

ROLLUP_POOL = "rollup"

PUBLISHED = AssetAlias(name="published_days")
"""Outlet of the tasks that publish; each event is of the asset of its source."""

REFUSED = 3
"""The command's exit code for an answer of no: a gate, a rule, a ledger. What is away ends with another."""

DEFAULTS = {
    "retries": 3,
    "retry_delay": timedelta(minutes=2),
    "retry_exponential_backoff": 2.0,
    "execution_timeout": timedelta(minutes=30),
}
"""Tries again what may pass by itself: an archive that is behind, a server that restarts, no memory."""

STOP_SECONDS = 4

log = logging.getLogger(__name__)


def minsheng(*arguments: str) -> Any:
    """Run a command, its standard error as the task's log; give back its JSON, or None without any.

    Raises AirflowFailException, which is not retried, where the answer is no; AirflowException otherwise.
    """
    command = [os.environ.get("MINSHENG_COMMAND", "minsheng"), *arguments]
    log.info("$ %s", " ".join(command))
    with TemporaryFile() as answer:
        code = _run(command, answer)
        answer.seek(0)
        said = answer.read().decode()
    if code:
        log.error("the command said: %s", said or "nothing")
        failure = AirflowFailException if code == REFUSED else AirflowException
        raise failure(f"minsheng {' '.join(arguments)} ended with {code}")
    return json.loads(said) if said.strip() else None


def _run(command: list[str], answer: IO[bytes]) -> int:
    """The command's exit code. When the task ends, so does the command with all that it started, as a JVM."""
    process = subprocess.Popen(
        command, stdout=answer, stderr=subprocess.PIPE, env=_plain(), start_new_session=True
    )
    try:
        for line in process.stderr or ():
            log.info("%s", line.decode(errors="replace").rstrip())
        return process.wait()
    except BaseException:
        os.killpg(process.pid, signal.SIGTERM)
        try:
            process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
        raise


def _plain() -> dict[str, str]:
    """The environment without Airflow's own variables and search paths."""
    foreign = ("AIRFLOW", "_AIRFLOW", "PYTHON")
    return {name: value for name, value in os.environ.items() if not name.startswith(foreign)}


def sources() -> list[str]:
    """The sources that are deployed at this moment, whatever stands in files."""
    return [one["source"] for one in minsheng("contract", "list", "--deployed", "--json")]


def publish_day(source: str, day: str) -> dict[str, Any]:
    """Roll up a source's day; what came of it. A new revision is an event of the source's asset.

    For tasks whose outlets hold PUBLISHED.
    """
    (report,) = minsheng("rollup", "run", "--day", day, "--source", source, "--json")
    if report["outcome"] == "published":
        extra = {"day": day, "revision": report["revision"]}
        get_current_context()["outlet_events"][PUBLISHED].add(published_days(source), extra=extra)
    return dict(report)


def published_days(source: str) -> Asset:
    """What is published of a source in schema mart: other DAGs may be scheduled by it."""
    return Asset(name=f"mart_{source}", uri=f"minsheng://mart/{source}", group="mart")


def event_day(asked: str | None, interval_start: pendulum.DateTime | None) -> str:
    """The day to roll up: the one asked for, that of the run's data interval, or yesterday."""
    if asked:
        return date.fromisoformat(asked).isoformat()
    if interval_start is not None:
        return interval_start.in_timezone(ZONE).date().isoformat()
    return pendulum.yesterday(ZONE).date().isoformat()
