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

BUSY = 75
REFUSED = 3
"""The command's exit code for an answer of no: a gate, a rule, a ledger. What is away ends with another."""

DEFAULTS = {
    "retries": 5,
    "retry_delay": timedelta(seconds=30),
    "retry_exponential_backoff": 2.0,
    "execution_timeout": timedelta(minutes=30),
}
"""Tries again for a quarter of an hour what may pass by itself: an archive that is behind, a server that
restarts, no memory."""

STOP_SECONDS = 4

log = logging.getLogger(__name__)


def minsheng(*arguments: str, ended_well: frozenset[int] = frozenset({0})) -> Any:
    """Run a command, its standard error as the task's log; give back its JSON, or None without any.

    Raises AirflowFailException, which is not retried, where the answer is no; AirflowException where it ends
    with another code that is not among `ended_well`, or with one that is but without an answer.
    """
    command = [os.environ.get("MINSHENG_COMMAND", "minsheng"), *arguments]
    log.info("$ %s", " ".join(command))
    with TemporaryFile() as answer:
        code = _run(command, answer)
        answer.seek(0)
        said = answer.read().decode()
    if code not in ended_well or (code and not said.strip()):
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


def roll_up(*arguments: str) -> list[dict[str, Any]]:
    """What came of each source and day of `minsheng rollup ...`, whatever came of the others.

    One Spark application for all of them: its start takes longer than the rollup of a usual day.
    """
    reports = minsheng("rollup", *arguments, "--json", ended_well=frozenset({0, 1, 2, REFUSED, BUSY}))
    return list(reports or [])


def publish_day(source: str, day: str, reports: list[dict[str, Any]] | None) -> dict[str, Any]:
    """What came of a source's day, taken from `reports` of `roll_up`. A new revision is an event of the
    source's asset.

    What was not rolled up, or failed and is tried again, is rolled up here, by itself: whatever stopped the
    others' application does not stop this source, and a task that a person clears does its work anew.
    Raises AirflowFailException where the gate refused, AirflowException where trying again may help.

    For tasks whose outlets hold PUBLISHED.
    """
    found = [each for each in reports or [] if (each["source"], each["day"]) == (source, day)]
    if not found or get_current_context()["ti"].try_number > 1:
        found = minsheng("rollup", "run", "--day", day, "--source", source, "--json")
    (report,) = found
    log.info("%s", json.dumps(report, ensure_ascii=False, indent=2))
    if report["outcome"] == "refused":
        raise AirflowFailException(f"{source} {day}: {report['message']}")
    if report["outcome"] == "failed":
        raise AirflowException(report["message"])
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
