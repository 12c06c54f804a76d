"""What ops.validation keeps of the answers about a day."""

from __future__ import annotations

from datetime import date

import psycopg
import pytest

from expectations.answers import Answer
from expectations.record import record
from streams.settings import Settings

pytestmark = pytest.mark.servers


def answer(code: str, severity: str, *, success: bool) -> Answer:
    return Answer("zoo.events", code, "规则", severity, success, "")


def test_what_failed_counts_warnings_too_and_only_a_block_is_no_success(settings: Settings) -> None:
    held = answer("held", "critical", success=True)
    warned = answer("warned", "warning", success=False)
    blocked = answer("blocked", "critical", success=False)
    with psycopg.connect(settings.postgres_dsn) as connection:
        record(connection, "day", "zoo", date(2022, 6, 14), [held, warned])
        record(connection, "day", "zoo", date(2022, 6, 15), [held, warned, blocked])
        kept = connection.execute(
            "select success, evaluated, failed, results -> 0 ->> 'code' from ops.validation order by id"
        ).fetchall()
    assert kept == [(True, 2, 1, "warned"), (False, 3, 2, "blocked")]
