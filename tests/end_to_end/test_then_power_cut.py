"""Everything is killed at once, as by a power cut, and `minsheng up` goes on; then all of it is stopped."""

from __future__ import annotations

import os
import signal
import threading
import time
import uuid
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import datetime
from typing import Any

import httpx
import psutil
import psycopg
import pytest

from infra.local.folders import logs_dir, run_dir
from infra.local.leftovers import leftovers
from infra.local.parts import all_parts
from streams.contract.loader import load_contract
from streams.zone import ZONE
from tests.end_to_end.conftest import REAL_DATA_CONTRACT
from tests.end_to_end.installation import Installation
from tests.waiting import wait_for

pytestmark = [pytest.mark.faults, pytest.mark.timeout(900)]

CONTRACT = load_contract(REAL_DATA_CONTRACT)
SENDER = "/faults/power-cut"
BATCH, PAUSE_SECONDS = 100, 0.2
STOP_SECONDS = 15
CATCH_UP_SECONDS = 120


class Department:
    """Posts events to the gateway and sends again, under their ids, whatever was not acknowledged."""

    def __init__(self, city: Installation) -> None:
        self._address = f"http://127.0.0.1:{city.settings.gateway_port}/v1/events"
        self._key = city.settings.secret("gateway_api_key")
        self.acknowledged: set[str] = set()
        self.unanswered = 0
        self.refusals: deque[object] = deque(maxlen=5)

    @contextmanager
    def sending(self) -> Iterator[None]:
        """Batch after batch until the block ends; then until the last of them is acknowledged."""
        stop = threading.Event()

        def send() -> None:
            while not stop.wait(PAUSE_SECONDS):
                self._deliver([event() for _ in range(BATCH)])

        thread = threading.Thread(target=send)
        thread.start()
        try:
            yield
        finally:
            stop.set()
            thread.join()

    def _deliver(self, events: list[dict[str, Any]]) -> None:
        waiting = {each["id"]: each for each in events}
        while waiting:
            for said in self._post(list(waiting.values())):
                if said["status"] == 202:
                    self.acknowledged.add(said["id"])
                    del waiting[said["id"]]
                elif said["status"] != 503:
                    self.refusals.append(said)
                    del waiting[said["id"]]
            time.sleep(0.2 if waiting else 0)

    def _post(self, events: list[dict[str, Any]]) -> list[dict[str, Any]]:
        headers = {
            "Content-Type": "application/cloudevents-batch+json",
            "Authorization": f"Bearer {self._key}",
        }
        with suppress(httpx.TransportError):
            answer = httpx.post(self._address, json=events, headers=headers, timeout=20, trust_env=False)
            if answer.status_code in {202, 207, 503}:
                return list(answer.json().get("events", []))
            self.refusals.append(answer.text)
            return [{"id": each["id"], "status": answer.status_code} for each in events]
        self.unanswered += 1
        return []


def event() -> dict[str, Any]:
    return {
        "specversion": "1.0",
        "id": uuid.uuid4().hex,
        "source": SENDER,
        "type": CONTRACT.source,
        "time": datetime.now(ZONE).isoformat(),
        "data": CONTRACT.examples.good[0],
    }


def ask(city: Installation, question: str, *values: object) -> int:
    with psycopg.connect(city.settings.postgres_dsn) as connection:
        (found,) = connection.execute(question, values).fetchone() or (0,)
    return int(found)


def cut_the_power(city: Installation) -> set[str]:
    """kill -9 of supervisor and parts with all that they started, at once; gives back the parts that ran."""
    supervisor = int((run_dir(city.settings) / "supervisord.pid").read_text(encoding="ascii"))
    os.kill(supervisor, signal.SIGKILL)
    killed = set()
    for process in leftovers(city.settings):
        with suppress(psutil.NoSuchProcess):
            killed.add(process.environ()["MINSHENG_PART"])
            process.kill()
    return killed


def on_their_way(city: Installation) -> int:
    return sum(int(line["in_flight"]) + int(line["to_archive"]) for line in city.json("ledger"))


def test_everything_is_killed_at_once_and_up_goes_on_with_nothing_lost_and_nothing_double(
    city: Installation,
) -> None:
    live = f"select coalesce(sum(requests), 0) from live.{CONTRACT.source}__owners"
    before = ask(city, live)
    published = "select count(*) from mart.publication where is_current"
    days = ask(city, published)
    department = Department(city)
    with department.sending():
        wait_for(lambda: len(department.acknowledged) > 2 * BATCH)
        killed = cut_the_power(city)
        begun = time.monotonic()
        city.minsheng("up")
        seconds = time.monotonic() - begun
        wait_for(lambda: ask(city, live) > before + 2 * BATCH, CATCH_UP_SECONDS)
    assert killed >= {part.name for part in all_parts(city.settings) if not part.on_demand}
    assert department.unanswered > 0, "nothing was on its way when everything was killed"
    assert list(department.refusals) == []

    wait_for(lambda: on_their_way(city) == 0, CATCH_UP_SECONDS)
    print(f"all parts healthy {seconds:.0f} s after everything was killed")  # noqa: T201 (a figure of the run)
    assert ask(city, live) - before == len(department.acknowledged)
    claimed = (
        "select count(*) from ops.claim c join ops.contract o on o.number = c.source where o.source = %s"
    )
    assert ask(city, claimed, CONTRACT.source) == ask(city, live)
    lines = city.json("ledger")
    assert {(line["residue"], line["archive_residue"]) for line in lines} == {(0, 0)}
    assert ask(city, published) == days


def test_every_part_ends_by_itself_within_fifteen_seconds_when_it_is_asked_to(city: Installation) -> None:
    """Asked to by the part's own signal, as `minsheng down` does; nobody has to be killed."""
    log = logs_dir(city.settings) / "supervisord.log"
    said_before = len(log.read_text(encoding="utf-8"))
    running = {part["name"] for part in city.json("status") if part["pid"]}
    begun = time.monotonic()
    city.minsheng("down")
    seconds = time.monotonic() - begun
    said = log.read_text(encoding="utf-8")[said_before:]
    assert running >= {part.name for part in all_parts(city.settings) if not part.on_demand}
    assert [line for line in said.splitlines() if "SIGKILL" in line] == []
    assert {name for name in running if f"stopped: {name}" not in said} == set()
    assert leftovers(city.settings) == []
    assert seconds < STOP_SECONDS, f"all parts took {seconds:.0f} s"
