"""What the data sets of the ledger answer: what the command answers, and every residue."""

from __future__ import annotations

from datetime import datetime

import psycopg
import pytest

from infra.ledger import read_ledger
from infra.superset.data.ledger import ledger_of_days, ledger_of_hours, ledger_of_today
from streams.settings import Settings
from streams.zone import ZONE
from tests.infra.superset import contracts as known
from tests.infra.superset.asking import Connection, ask

pytestmark = pytest.mark.servers
EVERY = known.every()
OWN = known.own()
CONTRACT = next(iter(OWN.values()))


def test_the_ledger_of_the_page_is_the_ledger_of_the_command(filled: Settings, reader: Connection) -> None:
    with psycopg.connect(filled.postgres_dsn) as connection:
        entries = read_ledger(connection, filled.topic_prefix, day=datetime.now(ZONE).date())
    rows = {row["source"]: row for row in ask(reader, ledger_of_today(EVERY, filled.topic_prefix))}
    assert len(entries) == len(EVERY)
    for entry in entries:
        row = rows[entry.source]
        assert (row["received"], row["in_flight"], row["residue"]) == (10_006, 6, 0)
        assert row["received"] == entry.sent
        assert row["accepted"] == entry.accepted == 9_700


def test_a_lost_event_is_a_residue_on_the_page(owner: Connection, filled: Settings) -> None:
    owner.execute(
        "update ops.tally set events = events - 3 where source = %s and outcome = 'accepted'",
        (CONTRACT.source,),
    )
    rows = {row["source"]: row["residue"] for row in ask(owner, ledger_of_today(OWN, filled.topic_prefix))}
    assert rows[CONTRACT.source] == 3


def test_days_and_hours_of_the_ledger_balance_on_the_page(owner: Connection, filled: Settings) -> None:
    source = next(iter(EVERY))
    owner.execute("insert into ops.replay (by, note, selection) values ('x', 'y', '{}')")
    owner.execute(
        "insert into ops.replayed select 1, max(id), %(source)s, %(day)s, %(day)s, 'accepted', false, 'v'"
        " from ops.replay",
        {"source": source, "day": datetime.now(ZONE).date()},
    )
    owner.execute("update ops.ledger_minute set replayed = 1 where source = %s", (source,))
    days = ask(owner, ledger_of_days(EVERY, filled.topic_prefix))
    assert {row["source"] for row in days} >= set(EVERY)
    assert {(row["residue"], row["lost_upstream"]) for row in days} == {(0, 0)}
    assert {row["source"]: row["replayed"] for row in days if row["replayed"]} == {source: 1}
    hours = ask(owner, ledger_of_hours(EVERY))
    assert {row["source"] for row in hours} == set(EVERY)
    assert {(row["residue"], row["worst_residue"], row["in_flight"]) for row in hours} == {(0, 0, 6)}
    assert {row["source"]: row["replayed"] for row in hours if row["replayed"]} == {source: 1}


def test_a_retired_source_keeps_its_residue_on_the_page(owner: Connection, filled: Settings) -> None:
    retired, *_ = EVERY
    still = {source: each for source, each in EVERY.items() if source != retired}
    owner.execute(
        "update ops.tally set events = events - 3 where source = %s and outcome = 'accepted'", (retired,)
    )
    owner.execute("update ops.ledger_minute set sent = sent + 2 where source = %s", (retired,))

    today = ledger_of_today(still, filled.topic_prefix)
    rows = {row["source"]: (row["source__label"], row["residue"]) for row in ask(owner, today)}
    assert rows[retired] == (retired, 3)
    assert len(rows) == len(EVERY)
    (figure,) = (each.expression for each in today.figures if each.name == "residue__figure")
    assert ask(owner, today, f"{figure} as residue")[0]["residue"] == 3
    worst = {row["source"]: row["worst_residue"] for row in ask(owner, ledger_of_hours(still))}
    assert worst == {source: 2 if source == retired else 0 for source in EVERY}


def test_refusals_of_no_source_are_no_row_of_today(owner: Connection, filled: Settings) -> None:
    owner.execute(
        "insert into ops.refusal values ('gateway', 'nobody', %s, 'not_json', 6)",
        (datetime.now(ZONE).date(),),
    )
    assert "nobody" not in {row["source"] for row in ask(owner, ledger_of_today(OWN, filled.topic_prefix))}
