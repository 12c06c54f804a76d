"""Whatever is sent, corrected, replayed, killed and replayed again: it comes to what a plain count says."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from infra.ledger import read_ledger, total
from spark_jobs.replay import commit, run
from spark_jobs.replay.run import Wish
from spark_jobs.replay.selection import OPEN, REPLAYED, Selection
from tests.spark_jobs.replay.platform import NOON, SOURCE, Platform, contract, meal

pytestmark = pytest.mark.servers

BOUNDS = (5000, 7000, 9000)
PRICES = (1200, 6000, 8000)
TABLES = (
    "ops.quarantine_history", "ops.replayed", "ops.patch", "ops.replay", "ops.quarantine", "ops.conflict",
    "ops.tally", "ops.unique_claim", "ops.case_step", "ops.span", "ops.claim", "ops.batch", "ops.freshness",
    "ops.place_day", "live.distinct_day",
    f"live.{SOURCE}__meals", f"live.{SOURCE}__channels",
)  # fmt: skip

BROKEN = None
RIVALS = (100, 101)
events = st.tuples(st.integers(0, 5) | st.sampled_from(RIVALS), st.sampled_from(PRICES)) | st.just(BROKEN)
"""Who eats, and price. All meals of one have one id, except those of rivals: between these only the rule of
one meal at a time decides."""
sending = st.lists(events, min_size=1, max_size=8).map(lambda values: ("send", values))
correcting = st.sampled_from(BOUNDS).map(lambda bound: ("correct", bound))
replaying = st.integers(1, 4).map(lambda pieces: ("replay, killed in this piece", pieces))
histories = st.lists(sending | correcting | replaying, min_size=2, max_size=8)


@dataclass
class Plain:
    """The count without a platform: one dict of ids, one list of what waits."""

    bound: int = BOUNDS[0]
    first: dict[int, int] = field(default_factory=dict)
    outcomes: Counter[str] = field(default_factory=Counter)
    replayed: Counter[str] = field(default_factory=Counter)
    waiting: list[Any] = field(default_factory=list)
    served: dict[int, int] = field(default_factory=dict)
    claimed: set[int] = field(default_factory=set)
    price: int = 0

    def take(self, index: int, event: Any) -> bool:
        """Count the event if it is right; whether it leaves, or never comes into, quarantine."""
        if event is BROKEN or event[1] > self.bound:
            return False
        number, price = event
        if number in RIVALS:
            self.claimed.add(index)
            if self.served.setdefault(number, index) != index:
                return False
            self.outcomes["accepted"] += 1
            self.price += price
        elif number not in self.first:
            self.claimed.add(index)
            self.first[number] = price
            self.outcomes["accepted"] += 1
            self.price += price
        else:
            self.outcomes["duplicate" if self.first[number] == price else "conflict"] += 1
        return True

    def send(self, values: list[Any], begin: int) -> None:
        self.waiting += [each for each in enumerate(values, begin) if not self.take(*each)]

    def replay(self) -> None:
        before = Counter(self.outcomes)
        self.waiting = [each for each in self.waiting if not self.take(*each)]
        self.replayed += self.outcomes - before


class Killed(Exception):
    pass


def in_force(platform: Platform, bound: int) -> None:
    """As a deployment, but a bound may be taken back too."""
    wanted = contract(platform.settings, bound)
    with psycopg.connect(platform.settings.postgres_dsn) as connection:
        connection.execute(
            "update ops.contract set version = %s, text = %s where source = %s",
            (wanted.version, wanted.text, SOURCE),
        )


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(histories)
def test_any_history_comes_to_the_plain_count(platform: Platform, history: list[tuple[str, Any]]) -> None:
    with psycopg.connect(platform.settings.postgres_dsn) as connection:
        connection.execute(f"truncate {', '.join(TABLES)}")
    plain = Plain()
    in_force(platform, plain.bound)
    sent = 0
    for deed, value in [*history, ("replay, killed in this piece", 2)]:
        if deed == "send":
            platform.send([record(sent + place, event) for place, event in enumerate(value)])
            plain.send(value, sent)
            sent += len(value)
        elif deed == "correct":
            plain.bound = value
            in_force(platform, value)
        else:
            _replay_killed(platform, value)
            _replay(platform)
            plain.replay()

    assert platform.tally() == plain.outcomes + Counter(quarantined=len(plain.waiting))
    assert platform.tally().total() == sent
    assert_the_ledger_shows_the_moves(platform, plain)
    found = platform.ask(
        f"select coalesce(sum(meals), 0)::int, coalesce(sum(price_fen), 0)::int from live.{SOURCE}__meals"
    )
    assert found == [(plain.outcomes["accepted"], plain.price)]
    assert platform.ask("select coalesce(sum(events), 0)::int from ops.span") == [
        (plain.outcomes["accepted"],)
    ]
    assert platform.ask("select count(*) from ops.claim") == [(len(plain.claimed),)]
    assert platform.ask("select count(*) from ops.conflict") == [(plain.outcomes["conflict"],)]
    assert platform.ask(f"select count(*) from ops.quarantine where state = '{OPEN}'") == [
        (len(plain.waiting),)
    ]
    replayed = platform.ask(f"select count(*) from ops.quarantine where state = '{REPLAYED}'")
    assert replayed == platform.ask("select count(*) from ops.replayed")


def assert_the_ledger_shows_the_moves(platform: Platform, plain: Plain) -> None:
    """What left quarantine is a part of where it stands now; with what is left it is all that ever came."""
    with psycopg.connect(platform.settings.postgres_dsn) as connection:
        entries = read_ledger(connection, platform.settings.topic_prefix)
        (ever,) = connection.execute("select count(*) from ops.quarantine").fetchone() or (0,)
    entry = total(entries, SOURCE, NOON.date())
    assert entry.replayed == plain.replayed["accepted"] <= entry.accepted
    assert entry.replayed_known == plain.replayed["duplicate"] + plain.replayed["conflict"]
    assert entry.ever_quarantined == ever


def record(place: int, event: Any) -> bytes | dict[str, Any]:
    """What is sent for an event."""
    if event is BROKEN:
        return b"{"
    who, price = event
    return meal(1_000 + place, price, elder=f"tk_{who:032x}") if who in RIVALS else meal(who, price)


def _replay(platform: Platform) -> None:
    run.replay(platform.settings, Wish(Selection(source=SOURCE), "tester", "x"), lambda done, of: None)


def _replay_killed(platform: Platform, piece: int) -> None:
    """Pieces of three events; the connection ends within the transaction of one of them."""
    really, size = commit._note, run.AT_ONCE
    numbers: Iterator[int] = iter(range(1, 100))

    def killed(connection: psycopg.Connection, *rest: Any) -> None:
        really(connection, *rest)
        if next(numbers) == piece:
            connection.close()
            raise Killed

    commit._note, run.AT_ONCE = killed, 3
    try:
        _replay(platform)
    except (Killed, psycopg.OperationalError):
        pass
    finally:
        commit._note, run.AT_ONCE = really, size
