"""The application is healthy while both queries go on, the simulated city while it comes further."""

from __future__ import annotations

import os
import time
from datetime import date
from pathlib import Path

import psycopg
import pytest

from infra.local.errors import NotHealthy
from infra.local.stream_part import POSITION_LATE_SECONDS, check_stream, simulator_part
from streams.settings import Settings
from streams.simulator.position import Position, Progress, position_file


def test_a_city_that_sends_is_healthy_and_one_that_stands_still_is_not(tmp_path: Path) -> None:
    settings = Settings(home=tmp_path)
    part, file = simulator_part(settings), position_file(settings)
    with pytest.raises(NotHealthy, match="nothing yet"):
        part.healthy()
    Position(file, seed=1, scale=1.0).write({"somewhere": Progress(0, date(2022, 6, 10))})
    part.healthy()
    before = time.time() - POSITION_LATE_SECONDS - 60
    os.utime(file, (before, before))
    with pytest.raises(NotHealthy, match=r"not come further for 9\d s"):
        part.healthy()


@pytest.mark.servers
@pytest.mark.parametrize("query", ["live", "archive"])
@pytest.mark.parametrize(
    ("change", "message"),
    [
        ("beat_at = now() - interval '40 s'", "last heartbeat is 4"),
        (
            "behind = 7, stuck_since = now() - interval '200 s'",
            "is 7 events behind and has committed nothing",
        ),
    ],
)
def test_an_application_is_not_healthy_while_one_of_its_queries_does_nothing(
    settings: Settings, query: str, change: str, message: str
) -> None:
    with psycopg.connect(settings.postgres_dsn, autocommit=True) as connection:
        with pytest.raises(NotHealthy, match="no heartbeat of the live query yet"):
            check_stream(settings)
        for each in ("live", "archive"):
            connection.execute(
                "insert into ops.heartbeat values (%s, gen_random_uuid(), now(), now(), 7, now())", (each,)
            )
        check_stream(settings)
        connection.execute(f"update ops.heartbeat set {change} where query = %s", (query,))
        with pytest.raises(NotHealthy, match=f"the {query} query.*{message}"):
            check_stream(settings)
