"""The comparison of all faults sees what it is there to see: a product that is broken by hand is reported."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import psycopg
import pytest

from tests.faults.comparison import differences_seen
from tests.faults.traffic import Sent
from tests.faults.trial import Trial

pytestmark = [pytest.mark.faults, pytest.mark.faults_once]

EVENTS = 2_000
ONE = "where (tableoid, ctid) in (select tableoid, ctid from {0} {1} limit 1)"


def changed(table: str, change: str, which: str = "") -> str:
    """One row of a table is another."""
    return f"update {table} set {change} {ONE.format(table, which)}"


def lost(table: str, which: str = "") -> str:
    """One row of a table is gone."""
    return f"delete from {table} {ONE.format(table, which)}"


DAMAGES = {
    "a batch counted twice in a minute": (
        "live.canteen_meal__meals",
        changed("live.canteen_meal__meals", "meals = meals * 2"),
    ),
    "one fen too much": (
        "live.canteen_meal__meals",
        changed("live.canteen_meal__meals", "price_fen = price_fen + 1"),
    ),
    "a minute lost": ("live.canteen_meal__meals", lost("live.canteen_meal__meals")),
    "a person too few": (
        "live.distinct_day",
        "update live.distinct_day d set sketch = o.sketch from live.distinct_day o where d.ctid ="
        " (select ctid from live.distinct_day order by length(sketch) limit 1) and o.ctid ="
        " (select ctid from live.distinct_day order by length(sketch) desc limit 1)",
    ),
    "an id forgotten": ("ops.claim", lost("ops.claim")),
    "an id held by another event": ("ops.claim", changed("ops.claim", "position = position + 1")),
    "a rule's key forgotten": ("ops.unique_claim", lost("ops.unique_claim")),
    "a step of a case lost": ("ops.case_step", lost("ops.case_step")),
    "a rejected event lost": ("ops.quarantine", lost("ops.quarantine")),
    "a rejected event without its reason": ("ops.quarantine", changed("ops.quarantine", "reasons = '[]'")),
    "a conflict lost": ("ops.conflict", lost("ops.conflict")),
    "an outcome counted once more": (
        "ops.tally of live",
        changed("ops.tally", "events = events + 1", "where query = 'live'"),
    ),
    "an outcome for another": (
        "the ledger",
        changed("ops.tally", "events = events - 1", "where query = 'live' and outcome = 'duplicate'"),
    ),
    "an archived event counted once more": (
        "the ledger",
        changed("ops.tally", "events = events + 1", "where query = 'archive'"),
    ),
    "a day's events by another number": ("ops.span", changed("ops.span", "events = events + 1")),
    "a place's share of nothing": ("ops.place_day", lost("ops.place_day")),
    "a source that looks fresher": (
        "ops.freshness",
        changed("ops.freshness", "last_event_at = last_event_at + interval '1 s'"),
    ),
    "a batch that is not remembered": ("ops.batch", lost("ops.batch", "where events > 0")),
    "a position that was moved": ("ops.position", changed("ops.position", "next_offset = next_offset - 1")),
}
"""What is broken: which table says so, and how it is broken."""


def test_what_is_broken_by_hand_is_reported_and_nothing_else_is(trial: Trial) -> None:
    """Each damage is done in a transaction that is rolled back; only the comparison ever sees it."""
    with trial.comparing():
        trial.traffic.send(EVENTS)
    with psycopg.connect(trial.platform.settings.postgres_dsn) as connection:
        for what, (table, damage) in DAMAGES.items():
            assert connection.execute(damage).rowcount == 1, what
            found = reported(trial, connection, trial.traffic.sent)
            connection.rollback()
            assert any(each.startswith(table) for each in found), f"{what}: {found}"
        assert reported(trial, connection, trial.traffic.sent) == []


def test_an_event_that_is_nowhere_or_twice_in_kafka_or_in_the_lake_is_reported(trial: Trial) -> None:
    """Seen from the other side: what was sent is one event more, or less, than what is there."""
    with trial.comparing():
        trial.traffic.send(100)
    sent = trial.traffic.sent
    last = next(each for each in reversed(sent) if each.made.outcome == "accepted")
    another = replace(last, offset=last.offset + 10**6)
    other_content = replace(last, made=replace(last.made, value=last.made.value + b" "))
    with psycopg.connect(trial.platform.settings.postgres_dsn) as connection:
        for wrong in ([*sent, another], [each for each in sent if each is not last]):
            names = {each.partition(":")[0] for each in reported(trial, connection, wrong)}
            assert {"ops.tally of live", "ops.claim", "the lake", "Kafka", "the ledger"} <= names
        wrong = [other_content if each is last else each for each in sent]
        assert {each.partition(":")[0] for each in reported(trial, connection, wrong)} == {"the lake"}


def reported(trial: Trial, connection: psycopg.Connection, sent: Sequence[Sent]) -> list[str]:
    return differences_seen(connection, trial.platform.settings, trial.platform.contracts, sent)
