"""The platform in containers survives what a machine's loss does to it. The tests stand in order.

`make compose-test` gives them an engine. Figures are printed; the decision records hold them.
"""

from __future__ import annotations

import ssl
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import datetime, timedelta
from itertools import islice

import httpx
import pytest

from infra.start_line import version
from streams.zone import ZONE
from tests.compose.stack import Stack, Writer
from tests.end_to_end.sent import Meal, meals_of
from tests.superset_visitors import administrator
from tests.waiting import wait_for, wait_for_equal

pytestmark = [pytest.mark.compose, pytest.mark.timeout(1800)]

SOURCE, TABLE = "canteen_meal", "live.canteen_meal__meals"
BEFORE_SECONDS, AFTER_SECONDS, CATCH_UP_SECONDS = 8, 35, 180
GIB = 1024**3
LARGEST_IMAGE = {"airflow": 1.8e9}
"""Bytes; of any other 1.5e9. Airflow's tasks call `minsheng`: it holds two environments (decision 120)."""
MOST_MEMORY_MIB = 8 * 1024


@pytest.fixture(scope="module")
def meals() -> Iterator[Meal]:
    yield from iter([iter(meals_of(datetime.now(ZONE).date() - timedelta(days=1), 3000, 7))])


@pytest.fixture(scope="module")
def written() -> list[Meal]:
    """What was acknowledged so far."""
    return []


def report(text: str) -> None:
    """A figure for whoever runs these tests."""
    sys.stdout.write(f"\n  {text}")
    sys.stdout.flush()


def live_count(stack: Stack) -> int:
    ((count,),) = stack.ask(f"select coalesce(sum(meals), 0)::int from {TABLE}")
    return int(count)


def longest_gap(stack: Stack, since: datetime) -> float:
    """Seconds between two batches of the live query that were committed one after the other."""
    ((gap,),) = stack.ask(
        "select coalesce(max(extract(epoch from gap)), 0)::float from ("
        "select committed_at - lag(committed_at) over (order by committed_at) as gap"
        f" from ops.batch where query = 'live' and committed_at > '{since.isoformat()}') as gaps"
    )
    return float(gap)


def while_killed(stack: Stack, service: str, meals: Iterator[Meal], written: list[Meal]) -> None:
    """Kill a service while somebody writes; nothing is lost, nothing counted twice."""
    since, writer = datetime.now(ZONE), Writer(stack, meals)
    writer.start()
    time.sleep(BEFORE_SECONDS)
    stack.compose("kill", service)
    time.sleep(AFTER_SECONDS)
    writer.end()
    written += writer.written
    gap = longest_gap(stack, since)
    report(f"{service} killed: slowest write {writer.slowest_seconds:.1f} s, longest gap {gap:.1f} s")
    assert len(writer.written) > (BEFORE_SECONDS + AFTER_SECONDS) / 2
    accounted(stack, written)


def accounted(stack: Stack, written: list[Meal]) -> None:
    """Every event that was acknowledged is counted, each once, and nothing is open."""
    wait_for_equal(lambda: live_count(stack), len(written), CATCH_UP_SECONDS)
    line = wait_for(lambda: (found := stack.ledger(SOURCE))["in_flight"] == 0 and found, CATCH_UP_SECONDS)
    assert (line["accepted"], line["residue"]) == (len(written), 0)


def test_images_are_built_and_small(stack: Stack) -> None:
    began = time.monotonic()
    stack.compose("build", timeout=1700)
    shown = subprocess.run(
        ["docker", "image", "ls", "--format", "{{.Repository}}:{{.Tag}}"],
        env=dict(stack.environment), capture_output=True, text=True, check=True,
    ).stdout.split()  # fmt: skip
    ours = sorted(name for name in shown if name.startswith("minsheng/") and name.endswith(f":{version()}"))
    sizes = {name: image_size(stack, name) for name in ours}
    report(f"built in {time.monotonic() - began:.0f} s")
    report("\n".join(f"  {name} {size / GIB:.2f} GiB" for name, size in sizes.items()))
    assert len(sizes) == 5
    most = {name: LARGEST_IMAGE.get(name.split("/")[1].split(":")[0], 1.5e9) for name in sizes}
    assert {name: size for name, size in sizes.items() if size > most[name]} == {}


def image_size(stack: Stack, name: str) -> int:
    said = subprocess.run(
        ["docker", "image", "inspect", "--format", "{{.Size}}", name],
        env=dict(stack.environment), capture_output=True, text=True, check=True,
    )  # fmt: skip
    return int(said.stdout)


def test_every_part_becomes_healthy(stack: Stack) -> None:
    seconds = stack.up()
    used = stack.memory()
    report(f"healthy after {seconds:.0f} s, {sum(used.values()):.0f} MiB")
    report("\n".join(f"  {name} {size:.0f}" for name, size in sorted(used.items())))
    assert sum(used.values()) < MOST_MEMORY_MIB


def test_every_log_begins_with_version_and_settings(stack: Stack) -> None:
    services = stack.compose("ps", "--services").stdout.split()
    silent = [
        name
        for name in services
        if f"minsheng {version()}, " not in stack.compose("logs", "--no-log-prefix", name).stdout
    ]
    assert silent == []


def test_what_a_department_sends_is_seen_on_the_dashboards(
    stack: Stack, meals: Iterator[Meal], written: list[Meal]
) -> None:
    batch = list(islice(meals, 200))
    answer = stack.post([meal.event() for meal in batch])
    assert [each["status"] for each in answer.json()["events"]] == [202] * len(batch)
    written += batch
    accounted(stack, written)
    address = f"http://127.0.0.1:{stack.superset_port}"
    person = administrator(address, stack.secret("superset_admin"))
    assert person.listed("dashboard")
    assert [name for name in person.datasets if SOURCE in name]


REFUSED = """
import sys, psycopg
from contextlib import closing
from kafka import KafkaConsumer, TopicPartition
from streams.errors import KafkaAway, SecretMissing
from streams.kafka_access import client_options
from streams.settings import Settings

settings = Settings()

def read(principal, **changes):
    options = client_options(settings, principal) | changes
    with closing(KafkaConsumer(**options, group_id=None, bootstrap_timeout_ms=8000)) as consumer:
        consumer.assign([TopicPartition(sys.argv[1], 0)])
        consumer.seek_to_beginning()
        return consumer.poll(timeout_ms=8000)

def said(call):
    try:
        return "allowed" if call() is not None else "nothing"
    except Exception as error:
        return f"{type(error).__name__} {error}"

plain = {"security_protocol": "PLAINTEXT"}
wrong = {"sasl_plain_password": "wrong"}
print("|".join(said(call).replace("\\n", " ") for call in (
    lambda: read("gateway"),
    lambda: read("stream"),
    lambda: read("gateway", **wrong),
    lambda: read("gateway", **plain),
    lambda: psycopg.connect(settings.postgres_dsn.replace("verify-full", "disable"), connect_timeout=8),
    lambda: psycopg.connect(settings.postgres_dsn.replace("postgres-tls", "postgres"), connect_timeout=8),
    lambda: psycopg.connect(settings.postgres_dsn),
)))
"""


def test_who_has_no_right_and_who_speaks_plain_text_is_refused(stack: Stack) -> None:
    """Asked from within the gateway, as somebody would who has broken into it."""
    reads, acts, wrong, plain, bare, beside, connects = stack.python(
        "gateway", REFUSED, f"events.{SOURCE}"
    ).split("|")
    report("\n".join(f"  refused: {each[:120]}" for each in (reads, acts, wrong, plain, bare, beside)))
    assert reads.startswith("TopicAuthorizationFailedError")
    assert acts.startswith("SecretMissing")
    assert "allowed" not in {wrong, plain, bare, beside}
    assert connects == "allowed"
    with pytest.raises(httpx.HTTPError):
        httpx.get(f"http://127.0.0.1:{stack.gateway_port}/health", trust_env=False)
    foreign = ssl.create_default_context()
    with pytest.raises(httpx.ConnectError, match="CERTIFICATE_VERIFY_FAILED"):
        httpx.get(f"https://127.0.0.1:{stack.gateway_port}/health", verify=foreign, trust_env=False)


def test_the_command_line_has_what_an_administrator_needs(stack: Stack) -> None:
    said = stack.compose(
        "run", "--rm", "--no-TTY", "minsheng", "topics", "list", "--json", timeout=180
    ).stdout
    assert f"events.{SOURCE}" in said


def test_a_broker_is_killed(stack: Stack, meals: Iterator[Meal], written: list[Meal]) -> None:
    while_killed(stack, "kafka-2", meals, written)
    stack.up("kafka-2")


def test_a_worker_is_killed(stack: Stack, meals: Iterator[Meal], written: list[Meal]) -> None:
    while_killed(stack, "spark-worker-1", meals, written)
    stack.up("spark-worker-1")


def test_stopped_and_started_again_everything_is_there(
    stack: Stack, meals: Iterator[Meal], written: list[Meal]
) -> None:
    stack.compose("down", "--timeout", "20", timeout=240)
    report(f"healthy again after {stack.up():.0f} s")
    accounted(stack, written)
    more = list(islice(meals, 50))
    assert stack.post([meal.event() for meal in more]).status_code in {202, 207}
    written += more
    accounted(stack, written)


def test_a_taken_port_is_refused_before_anything_starts(stack: Stack) -> None:
    """Another installation's check, while this one runs on its ports."""
    other = Stack(stack.environment, stack.folder, stack.profile, stack.gateway_port, stack.superset_port)
    try:
        result = other.compose("up", "--detach", "--no-build", timeout=120, check=False)
        assert result.returncode != 0
        said = other.compose("logs", "check").stdout
        assert f"127.0.0.1:{stack.gateway_port} of gateway is taken by another program" in said
        running = other.compose("ps", "--services", "--status", "running").stdout.split()
        assert running == []
    finally:
        other.compose("down", "--volumes", "--timeout", "5", timeout=120, check=False)
