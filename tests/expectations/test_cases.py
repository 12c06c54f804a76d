"""What is said of cases: where each stands by event time, which are overdue, which steps may not follow."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg
import pytest

from expectations.cases import Cases, read_cases
from infra.deployment.life_cycle import steps, write_steps
from streams.contract.loader import load_contracts
from streams.settings import Settings
from tests.spark_jobs.live.rules import with_rules

RULED = with_rules(load_contracts(Settings().contracts_dir)["canteen_meal"])
NOW = datetime.now(UTC)


def test_the_steps_of_a_contract_are_what_its_life_cycle_says() -> None:
    source = RULED.source
    assert list(steps(RULED)) == [
        (source, "breakfast", 0, True, ["lunch"], timedelta(hours=4)),
        (source, "lunch", 1, False, ["dinner"], timedelta(hours=6)),
        (source, "dinner", 2, False, [], None),
    ]


@pytest.mark.servers
def test_cases_stand_where_their_last_event_says_whatever_came_in_last(settings: Settings) -> None:
    told = [  # case, step, hours ago, received in this order
        ("done", "lunch", 8), ("done", "breakfast", 9), ("done", "dinner", 2),
        ("late", "breakfast", 30), ("late", "lunch", 7),
        ("in time", "breakfast", 3),
        ("begun wrongly", "lunch", 1),
        ("back", "breakfast", 6), ("back", "lunch", 5), ("back", "breakfast", 1), ("back", "lunch", 0.5),
    ]  # fmt: skip
    with psycopg.connect(settings.postgres_dsn) as connection:
        write_steps(connection, [RULED])
        write_steps(connection, [RULED])
        for number, (case, step, hours) in enumerate(told):
            connection.execute(
                "insert into ops.case_step values (%s, %s, %s, %s, %s, %s, '330302', 'ST302001')",
                (RULED.source, case, step, NOW - timedelta(hours=hours), NOW, number),
            )
        # Received long ago: shown, but no alert any more.
        connection.execute(
            "insert into ops.case_step values (%s, 'long ago', 'dinner', %s, %s, 99, null, null)",
            (RULED.source, NOW - timedelta(days=9), NOW - timedelta(days=9)),
        )

        def asked(query: str) -> list[tuple[Any, ...]]:
            return connection.execute(query).fetchall()

        assert asked("select case_id, step, is_closed, is_overdue from ops.case_now order by 1") == [
            ("back", "lunch", False, False),
            ("begun wrongly", "lunch", False, False),
            ("done", "dinner", True, False),
            ("in time", "breakfast", False, False),
            ("late", "lunch", False, True),
            ("long ago", "dinner", True, False),
        ]
        assert asked("select case_id, previous_step, step from ops.case_illegal order by 1") == [
            ("back", "lunch", "breakfast"),
            ("begun wrongly", None, "lunch"),
            ("long ago", None, "dinner"),
        ]
        assert asked("select division, step, cases, overdue from ops.case_count order by 1, 2") == [
            ("330302", "breakfast", 1, 0),
            ("330302", "dinner", 1, 0),
            ("330302", "lunch", 3, 1),
            (None, "dinner", 1, 0),
        ]
        since = NOW - timedelta(hours=1)
        assert read_cases(connection, NOW) == {RULED.source: Cases(1, since, 1)}
