"""sent = accepted + quarantined + duplicate + conflict + in flight, whatever moment one looks."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from uuid import UUID

import psycopg
import pytest
from hypothesis import given
from hypothesis import strategies as st

from infra.ledger import Entry, read_hours, read_ledger, total
from streams.settings import Settings
from streams.zone import ZONE

DAY, NEXT = date(2026, 5, 4), date(2026, 5, 5)
TOPIC, ANEW = UUID(int=1), UUID(int=2)
HALF_AN_HOUR = timedelta(minutes=30)
counts = st.integers(0, 10**9)


@given(st.lists(counts, min_size=5, max_size=5), counts, counts)
def test_every_event_that_is_not_accounted_for_is_residue(
    outcomes: list[int], lost: int, unarchived: int
) -> None:
    accepted, quarantined, duplicate, conflict, in_flight = outcomes
    sent = sum(outcomes) + lost
    entry = Entry(
        "meal", DAY, sent, accepted, quarantined, duplicate, conflict, in_flight, max(sent - unarchived, 0), 0
    )
    assert entry.residue == lost
    assert entry.archive_residue == min(unarchived, sent)
    assert entry.balances == (lost == 0 and min(unarchived, sent) == 0)


@given(st.lists(st.tuples(*[counts] * 10, st.just(True), counts, counts), max_size=6))
def test_the_sum_has_the_sum_of_residues(rows: list[tuple[int, ...]]) -> None:
    entries = [Entry("meal", DAY, *row) for row in rows]
    whole = total(entries, "all", DAY)
    assert whole.residue == sum(entry.residue for entry in entries)
    assert whole.sent == sum(entry.sent for entry in entries)
    assert whole.archive_residue == sum(entry.archive_residue for entry in entries)
    assert whole.acknowledged == sum(entry.acknowledged for entry in entries)
    assert whole.replayed == sum(entry.replayed for entry in entries)
    assert whole.ever_quarantined == sum(entry.ever_quarantined for entry in entries)


def test_what_was_acknowledged_and_is_not_in_kafka_is_a_loss_once_the_day_is_over() -> None:
    entry = Entry("meal", DAY, 9, 9, 0, 0, 0, 0, 9, 0, acknowledged=10, is_over=False)
    assert (entry.lost_upstream, entry.balances) == (0, True)
    over = replace(entry, is_over=True)
    assert (over.lost_upstream, over.balances) == (1, False)
    assert replace(over, acknowledged=3).balances, "producers of their own send what nobody acknowledges"


class Books:
    """Writes what the live query, the archive and the sampler of Kafka's offsets would have written."""

    def __init__(self, connection: psycopg.Connection, prefix: str) -> None:
        self.connection, self.prefix = connection, prefix

    def sent(
        self,
        source: str,
        day: date,
        *,
        first: int,
        end: int | None,
        seen: int,
        partition: int = 0,
        topic_id: UUID = TOPIC,
    ) -> None:
        self.connection.execute(
            "insert into ops.sent (topic, topic_id, partition, received_day, first_offset, next_offset,"
            " seen_offset, observed_at) values (%s, %s, %s, %s, %s, %s, %s, now())",
            (self.prefix + source, topic_id, partition, day, first, end, seen),
        )

    def stands(
        self, query: str, source: str, offset: int, partition: int = 0, topic_id: UUID = TOPIC
    ) -> None:
        self.connection.execute(
            "insert into ops.position (query, topic, partition, topic_id, next_offset)"
            " values (%s, %s, %s, %s, %s)",
            (query, self.prefix + source, partition, topic_id, offset),
        )

    def tally(self, query: str, source: str, day: date, outcome: str, events: int) -> None:
        self.connection.execute(
            "insert into ops.tally values (%s, %s, %s, %s, %s)", (query, source, day, outcome, events)
        )

    def read(self, source: str | None = None, day: date | None = None) -> list[Entry]:
        return read_ledger(self.connection, self.prefix, source, day)


@pytest.fixture
def books(settings: Settings) -> Iterator[Books]:
    with psycopg.connect(settings.postgres_dsn, autocommit=True) as connection:
        yield Books(connection, settings.topic_prefix)


@pytest.mark.servers
def test_what_was_replayed_is_told_as_a_part_of_where_it_stands_now(books: Books) -> None:
    """Of four that left quarantine three are accepted, and one is known already."""
    books.sent("meal", DAY, first=0, end=10, seen=10)
    books.stands("live", "meal", 10)
    books.stands("archive", "meal", 10)
    for outcome, events in (("accepted", 7), ("quarantined", 2), ("duplicate", 1)):
        books.tally("live", "meal", DAY, outcome, events)
    books.tally("archive", "meal", DAY, "archived", 10)
    replay = "insert into ops.replay (by, note, selection) values ('x', 'y', '{}') returning id"
    (number,) = books.connection.execute(replay).fetchone() or (0,)
    for place, (outcome, event_day) in enumerate(
        [("accepted", DAY), ("accepted", NEXT), ("accepted", DAY), ("duplicate", DAY)]
    ):
        books.connection.execute(
            "insert into ops.replayed values (%s, %s, 'meal', %s, %s, %s, false, 'v')",
            (place, number, event_day, DAY, outcome),
        )
    (entry,) = books.read()
    assert (entry.replayed, entry.replayed_known, entry.ever_quarantined) == (3, 1, 6)
    assert entry.balances
    books.connection.execute("update ops.replayed set received_day = %s where quarantine_id = 0", (NEXT,))
    assert [(each.received_day, each.replayed) for each in books.read()] == [(DAY, 2), (NEXT, 1)]


@pytest.mark.servers
def test_what_is_read_and_what_is_on_its_way_make_what_was_sent(books: Books) -> None:
    books.sent("meal", DAY, first=10, end=None, seen=110, partition=0)
    books.sent("meal", DAY, first=0, end=None, seen=50, partition=1)
    books.stands("live", "meal", 100, partition=0)
    books.stands("live", "meal", 50, partition=1)
    books.stands("archive", "meal", 60, partition=0)
    for outcome, events in (("accepted", 120), ("quarantined", 15), ("duplicate", 4), ("conflict", 1)):
        books.tally("live", "meal", DAY, outcome, events)
    books.tally("archive", "meal", DAY, "archived", 50)
    (entry,) = books.read()
    assert entry == Entry("meal", DAY, 150, 120, 15, 4, 1, 10, 50, 100)
    assert entry.balances


@pytest.mark.servers
def test_a_lost_event_shows(books: Books) -> None:
    books.sent("meal", DAY, first=0, end=10, seen=10)
    books.stands("live", "meal", 10)
    books.stands("archive", "meal", 10)
    books.tally("live", "meal", DAY, "accepted", 9)
    books.tally("archive", "meal", DAY, "archived", 10)
    (entry,) = books.read()
    assert (entry.residue, entry.archive_residue) == (1, 0)


@pytest.mark.servers
def test_what_a_query_passed_was_sent_though_the_days_end_was_looked_at_earlier(books: Books) -> None:
    books.sent("meal", DAY, first=0, end=None, seen=5)
    books.stands("live", "meal", 8)
    books.stands("archive", "meal", 9)
    books.tally("live", "meal", DAY, "accepted", 8)
    books.tally("archive", "meal", DAY, "archived", 9)
    (entry,) = books.read()
    assert (entry.sent, entry.in_flight) == (9, 1)
    assert entry.balances


@pytest.mark.servers
def test_the_next_days_events_are_not_this_days(books: Books) -> None:
    books.sent("meal", DAY, first=0, end=10, seen=10)
    books.sent("meal", NEXT, first=10, end=None, seen=30)
    books.stands("live", "meal", 25)
    books.stands("archive", "meal", 4)
    books.tally("live", "meal", DAY, "accepted", 10)
    books.tally("live", "meal", NEXT, "accepted", 15)
    books.tally("archive", "meal", DAY, "archived", 4)
    first, second = books.read()
    assert (first.sent, first.in_flight, first.to_archive) == (10, 0, 6)
    assert (second.sent, second.in_flight, second.to_archive) == (20, 5, 20)
    assert first.balances
    assert second.balances


@pytest.mark.servers
@pytest.mark.parametrize("looked_at_today", [False, True])
@pytest.mark.parametrize(("live", "archive"), [(7, 5), (10, 10), (13, 8), (9, 14), (16, 12), (12, 16)])
def test_at_midnight_each_event_is_of_one_day(
    books: Books, live: int, archive: int, looked_at_today: bool
) -> None:
    """Ten events before midnight, up to offset 16 after it; Kafka was last asked at offset 6, then at 15."""
    midnight = 10
    books.sent("meal", DAY, first=0, end=None, seen=midnight if looked_at_today else 6)
    if looked_at_today:
        books.sent("meal", NEXT, first=midnight, end=None, seen=15)
    for query, at, outcome in (("live", live, "accepted"), ("archive", archive, "archived")):
        books.stands(query, "meal", at)
        books.tally(query, "meal", DAY, outcome, min(at, midnight))
        if at > midnight:
            books.tally(query, "meal", NEXT, outcome, at - midnight)
    entries = {entry.received_day: entry for entry in books.read()}
    end = max(live, archive, 15 if looked_at_today else 6)
    assert sum(entry.sent for entry in entries.values()) == end
    assert sum(entry.in_flight for entry in entries.values()) == end - live
    assert all(entry.balances for entry in entries.values())
    assert entries[DAY].sent == min(end, midnight)
    assert min(min(entry.in_flight, entry.to_archive) for entry in entries.values()) >= 0


@pytest.mark.servers
def test_after_midnight_partitions_at_different_places_balance_too(books: Books) -> None:
    for partition, (live, archive) in enumerate([(20, 10), (10, 20), (4, 10)]):
        books.sent("meal", DAY, first=0, end=None, seen=10, partition=partition)
        books.stands("live", "meal", live, partition)
        books.stands("archive", "meal", archive, partition)
    books.tally("live", "meal", DAY, "accepted", 24)
    books.tally("live", "meal", NEXT, "accepted", 10)
    books.tally("archive", "meal", DAY, "archived", 30)
    books.tally("archive", "meal", NEXT, "archived", 10)
    day, following = books.read()
    assert (day.residue, day.archive_residue, following.residue, following.archive_residue) == (0, 0, 0, 0)
    assert day.sent + following.sent == 50
    books.connection.execute(
        "update ops.tally set events = 23 where received_day = %s and query = 'live'", (DAY,)
    )
    assert books.read(day=DAY)[0].residue == 1


@pytest.mark.servers
def test_a_topic_whose_offsets_nobody_has_looked_at_yet_balances(books: Books) -> None:
    books.stands("live", "meal", 5)
    books.tally("live", "meal", DAY, "accepted", 5)
    (entry,) = books.read()
    assert (entry.sent, entry.to_archive) == (5, 5)
    assert entry.balances


@pytest.mark.servers
def test_what_is_booked_on_a_day_before_the_last_one_without_being_sent_shows(books: Books) -> None:
    books.sent("meal", NEXT, first=0, end=None, seen=0)
    books.tally("live", "meal", DAY, "accepted", 3)
    assert books.read(day=DAY)[0].residue == -3


@pytest.mark.servers
def test_a_source_and_a_day_can_be_asked_for_and_other_prefixes_are_others(books: Books) -> None:
    books.sent("meal", DAY, first=0, end=1, seen=1)
    books.sent("meal", NEXT, first=1, end=2, seen=2)
    books.sent("visit", DAY, first=0, end=1, seen=1)
    books.connection.execute(
        "insert into ops.sent values ('elsewhere.meal', 0, %s, 0, 9, 9, now(), %s)", (DAY, TOPIC)
    )
    assert [(entry.source, entry.received_day) for entry in books.read()] == [
        ("meal", DAY), ("visit", DAY), ("meal", NEXT),
    ]  # fmt: skip
    assert [entry.received_day for entry in books.read("meal", NEXT)] == [NEXT]


@pytest.mark.servers
def test_a_topic_that_was_deleted_and_made_anew_on_the_same_day_leaves_no_residue(books: Books) -> None:
    books.sent("meal", DAY, first=0, end=None, seen=95)
    books.stands("live", "meal", 100)
    books.stands("archive", "meal", 100)
    books.tally("live", "meal", DAY, "accepted", 100)
    books.tally("archive", "meal", DAY, "archived", 100)
    books.connection.execute("delete from ops.position")
    books.connection.execute("update ops.sent set gone_at = now()")
    books.sent("meal", DAY, first=0, end=None, seen=7, topic_id=ANEW)
    books.stands("live", "meal", 5, topic_id=ANEW)
    books.stands("archive", "meal", 3, topic_id=ANEW)
    books.tally("live", "meal", DAY, "duplicate", 5)
    books.connection.execute("update ops.tally set events = events + 3 where query = 'archive'")
    (entry,) = books.read()
    assert (entry.sent, entry.in_flight, entry.to_archive) == (107, 2, 4)
    assert entry.balances


@pytest.mark.servers
def test_what_was_never_read_of_a_topic_that_is_gone_is_lost(books: Books) -> None:
    books.sent("meal", DAY, first=0, end=10, seen=10)
    books.sent("meal", NEXT, first=10, end=None, seen=14)
    books.stands("live", "meal", 12)
    books.stands("archive", "meal", 14)
    books.tally("live", "meal", DAY, "accepted", 10)
    books.tally("live", "meal", NEXT, "accepted", 2)
    books.tally("archive", "meal", DAY, "archived", 10)
    books.tally("archive", "meal", NEXT, "archived", 4)
    assert [entry.residue for entry in books.read()] == [0, 0]
    books.connection.execute("update ops.sent set gone_at = now()")
    assert [(entry.residue, entry.in_flight) for entry in books.read()] == [(0, 0), (2, 0)]


@pytest.mark.servers
def test_what_was_refused_and_acknowledged_upstream_stands_beside_what_was_sent(books: Books) -> None:
    books.sent("meal", DAY, first=0, end=4, seen=4)
    books.stands("live", "meal", 4)
    books.stands("archive", "meal", 4)
    books.tally("live", "meal", DAY, "accepted", 4)
    books.tally("archive", "meal", DAY, "archived", 4)
    for way, events in (("gateway", 3), ("import", 2)):
        books.connection.execute(
            "insert into ops.acknowledged values (%s, 'meal', %s, %s)", (way, DAY, events)
        )
    books.connection.execute(
        "insert into ops.refusal values ('gateway', 'unknown', %s, 'not_json', 6)", [DAY]
    )
    entries = {entry.source: entry for entry in books.read()}
    assert (entries["meal"].acknowledged, entries["meal"].lost_upstream) == (5, 1)
    assert (entries["unknown"].refused, entries["unknown"].sent, entries["unknown"].balances) == (6, 0, True)


@pytest.mark.servers
def test_hours_add_up_with_what_they_took_over_and_passed_on(books: Books) -> None:
    now = datetime(2026, 5, 5, 1, 30, tzinfo=ZONE)
    cumulative = {  # at: day -> sent, accepted, in flight; ten of the accepted were replayed lately
        now - timedelta(hours=3): {DAY: (100, 90, 10)},
        now - timedelta(hours=2, minutes=1): {DAY: (150, 150, 0)},
        now - timedelta(hours=1): {DAY: (170, 165, 4), NEXT: (10, 9, 1)},
        now - timedelta(minutes=20): {DAY: (170, 170, 0), NEXT: (40, 40, 0)},
        now: {DAY: (170, 170, 0), NEXT: (50, 48, 2)},
    }
    for at, days in cumulative.items():
        for day, (sent, accepted, in_flight) in days.items():
            books.connection.execute(
                "insert into ops.ledger_minute values (%s, 'meal', %s, %s, %s, 0, 0, 0, %s, 0, 0, %s)",
                (at, day, sent, accepted, in_flight, 10 if day == NEXT and at > now - HALF_AN_HOUR else 0),
            )
    hours = read_hours(books.connection, now.astimezone(UTC), 2, "meal")
    assert [(h.hour.astimezone(ZONE).hour, h.sent, h.carried, h.accepted, h.in_flight) for h in hours] == [
        (0, 30, 0, 24, 5),
        (1, 40, 5, 44, 2),
    ]
    assert [hour.replayed for hour in hours] == [0, 10]
    assert [(h.residue, h.worst_residue) for h in hours] == [(1, 1), (-1, 0)]
