"""What the data sets of today answer: the day in Shanghai, wherever one asks from; sums, means and ages."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from infra.superset.data.comparison import today_and_yesterday
from infra.superset.data.live import minutes_of_today, values_of_today
from infra.superset.data.overview import all_minutes_of_today, freshness
from streams.contract.model import Contract
from streams.contract.tables import metric_tables
from streams.zone import ZONE
from tests.infra.superset import contracts as known
from tests.infra.superset.asking import Connection, ask, minutes, today
from tests.infra.superset.plausible import insert

pytestmark = pytest.mark.servers
EVERY = known.every()
OWN = known.own()
CONTRACT = next(iter(OWN.values()))
TABLE = metric_tables(CONTRACT)[0]


@pytest.mark.parametrize("contract", OWN.values(), ids=OWN)
def test_today_is_the_day_in_shanghai(contract: Contract, reader: Connection) -> None:
    for table in metric_tables(contract):
        expected = today(minutes(reader, table.name))
        rows = ask(reader, minutes_of_today(contract, table))
        for column in table.columns:
            assert sorted(row[column.name] or 0 for row in rows) == sorted(
                row[column.name] or 0 for row in expected
            )


@pytest.mark.parametrize("zone", ["UTC", "America/Los_Angeles", "Pacific/Kiritimati"])
def test_the_zone_of_the_connection_does_not_matter(zone: str, reader: Connection) -> None:
    expected = len(today(minutes(reader, TABLE.name)))
    reader.execute(f"set local timezone = '{zone}'")
    rows = ask(reader, minutes_of_today(CONTRACT, TABLE))
    assert len(rows) == expected
    assert {row["local_minute"].date() for row in rows} <= {datetime.now(ZONE).date()}


def test_the_day_turns_at_midnight_in_shanghai_by_itself(owner: Connection) -> None:
    """Asked the same question one second before and at 2026-03-01 00:00 in Shanghai, 16:00 in UTC."""
    midnight = datetime(2026, 2, 28, 16, tzinfo=UTC)
    nulls = [None] * len(TABLE.dimensions)
    numbers = [1] * len(TABLE.columns)
    columns = ("minute", *TABLE.dimensions, *(column.name for column in TABLE.columns))
    last, first = midnight - timedelta(minutes=1), midnight
    insert(owner, f"live.{TABLE.name}", columns, [(last, *nulls, *numbers), (first, *nulls, *numbers)])
    question = minutes_of_today(CONTRACT, TABLE).sql

    def shown(now: datetime) -> list[str]:
        asked = question.replace("now()", f"'{now.isoformat()}'::timestamptz")
        return [row["local_minute"].isoformat() for row in owner.execute(asked).fetchall()]

    assert shown(midnight - timedelta(seconds=1)) == ["2026-02-28T23:59:00"]
    assert shown(midnight) == ["2026-03-01T00:00:00"]


def test_money_is_shown_in_yuan(reader: Connection) -> None:
    fen = sum(row["price_fen"] for row in today(minutes(reader, "canteen_meal__meals")))
    contract = OWN["canteen_meal"]
    dataset = minutes_of_today(contract, metric_tables(contract)[0])
    figure = next(each for each in dataset.figures if each.name == "price_fen__figure")
    assert ask(reader, dataset, f"{figure.expression} as yuan")[0]["yuan"] == Decimal(fen) / 100
    assert figure.title == "餐费金额（元）"


def test_a_mean_is_the_mean_of_the_events_not_of_the_minutes(reader: Connection) -> None:
    rows = today(minutes(reader, "station_visit__visits"))
    expected = sum(row["mean_minutes__sum"] for row in rows) / sum(row["mean_minutes__count"] for row in rows)
    contract = OWN["station_visit"]
    dataset = minutes_of_today(contract, metric_tables(contract)[0])
    figure = next(each for each in dataset.figures if each.name == "mean_minutes__figure")
    assert float(ask(reader, dataset, f"{figure.expression} as mean")[0]["mean"]) == pytest.approx(expected)


def test_distinct_counts_are_the_days_own_by_value(reader: Connection) -> None:
    query = (
        "select dimensions->>'division' as value, estimate from live.distinct_day"
        " where source = 'canteen_meal' and metric = 'meals' and dimensions ? 'division' and event_day = %s"
    )
    found = reader.execute(query, (datetime.now(ZONE).date(),)).fetchall()
    expected = {row["value"]: row["estimate"] for row in found}
    contract = OWN["canteen_meal"]
    rows = ask(reader, values_of_today(contract, metric_tables(contract)[0]))
    assert len(expected) == 12
    assert {row["value"]: row["elders"] for row in rows if row["dimension"] == "division"} == expected
    assert {row["label"] for row in rows if row["dimension"] == "division"} >= {"鹿城区", "龙港市"}
    assert {row["label"] for row in rows if row["dimension"] == "meal"} == {"早餐", "午餐", "晚餐"}


def test_today_is_compared_with_yesterday_until_this_time_of_day(reader: Connection) -> None:
    (now,) = reader.execute("select now() as now").fetchall()
    rows = minutes(reader, "canteen_meal__meals")
    day = now["now"].astimezone(ZONE).date()
    before = [row for row in rows if row["minute"].astimezone(ZONE).date() == day - timedelta(days=1)]
    until_now = [row for row in before if row["minute"] < now["now"] - timedelta(days=1)]
    meals = next(
        row for row in ask(reader, today_and_yesterday(OWN["canteen_meal"])) if row["measure"] == "用餐人次"
    )
    assert meals["same_time"] == sum(row["meals"] for row in until_now)
    assert meals["yesterday"] == sum(row["meals"] for row in before)
    assert meals["yesterday__text"] == f"{meals['yesterday']:,}"


def test_the_overview_adds_up_the_sources(reader: Connection) -> None:
    numbers = all_minutes_of_today(OWN)
    counts = {"canteen_meal": "meals", "station_visit": "visits", "subsidy_payout": "payouts"}
    tables = {source: metric_tables(OWN[source])[0].name for source in counts}
    by_source = reader.execute(
        f"select source, sum(events) as events from ({numbers.sql}) a group by 1"
    ).fetchall()
    assert {row["source"]: row["events"] for row in by_source} == {
        source: sum(row[column] for row in today(minutes(reader, tables[source])))
        for source, column in counts.items()
    }


def test_only_sources_that_count_people_served_are_added_up_as_such(reader: Connection) -> None:
    """Payments and requests are events, and no visits."""
    rows = reader.execute(
        "select source, sum(events) as events, sum(visits) as visits"
        f" from ({all_minutes_of_today(EVERY).sql}) a group by 1"
    ).fetchall()
    served = {"canteen_meal", "station_visit"}
    assert {row["source"] for row in rows} > served
    for row in rows:
        assert row["visits"] == (row["events"] if row["source"] in served else 0)


@pytest.mark.parametrize(("behind", "beat", "expected"), [(0, 2, 2), (5, 2, 300), (0, 400, 300)])
def test_a_number_is_as_old_as_the_last_moment_at_which_it_was_complete(
    behind: int, beat: int, expected: int, owner: Connection
) -> None:
    """Quiet with nothing waiting is fresh; quiet with events waiting, or with a dead query, is not."""
    owner.execute("update ops.freshness set last_committed_at = now() - interval '300 s'")
    owner.execute(
        "update ops.heartbeat set behind = %s, beat_at = now() - make_interval(secs => %s)", (behind, beat)
    )
    assert {row["age_seconds"] for row in ask(owner, freshness(OWN))} == {expected}


def test_a_source_that_never_sent_anything_is_as_old_as_its_deployment(owner: Connection) -> None:
    """Without a live query nobody knows whether its number is complete: it is not left out."""
    owner.execute("delete from ops.heartbeat")
    owner.execute("delete from ops.freshness where source = %s", (CONTRACT.source,))
    owner.execute("update ops.contract set deployed_at = now() - interval '1 hour'")
    dataset = freshness(OWN)
    ages = {row["source"]: row["age_seconds"] for row in ask(owner, dataset)}
    assert ages[CONTRACT.source] == 3600
    assert ask(owner, dataset, f"{dataset.figures[0].expression} as oldest")[0]["oldest"] == 3600
