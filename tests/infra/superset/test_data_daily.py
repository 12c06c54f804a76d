"""What the data sets of published days answer: current revisions, compared, by dimension, beside live."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

import pytest
from psycopg import sql

from infra.superset.data.daily import daily_measures, validations
from infra.superset.data.days import published_metric, published_values
from infra.superset.data.differences import live_and_published, rows_of_difference
from streams.contract.model import Contract
from streams.contract.tables import MetricTable, metric_tables
from tests.infra.superset import contracts as known
from tests.infra.superset.asking import Connection, ask

pytestmark = pytest.mark.servers
EVERY = known.every()
OWN = known.own()
CONTRACT = next(iter(OWN.values()))


def test_days_are_compared_with_the_day_and_the_year_before(reader: Connection) -> None:
    rows = ask(reader, daily_measures(OWN))
    values = {(row["source"], row["measure"], row["event_day"]): row["value"] for row in rows}
    last = max(row["event_day"] for row in rows)
    for row in rows:
        before = values.get((row["source"], row["measure"], row["event_day"] - timedelta(days=1)))
        assert row["previous"] == before
        if before:
            change = (row["value"] - before) * 100 / before
            assert row["change_percent"] == change.quantize(Decimal("0.1"), ROUND_HALF_UP)
    assert all(row["last_year"] is not None for row in rows if row["event_day"] == last)


def test_ratios_of_a_day_are_those_of_its_totals(reader: Connection) -> None:
    """Of the whole city: sums divided, people counted once; a reference's column added up."""
    rows = {
        (row["source"], row["measure"].partition("（")[0], row["event_day"]): row["value"]
        for row in ask(reader, daily_measures(EVERY))
    }
    compared = 0
    for contract in EVERY.values():
        for table in metric_tables(contract):
            spec = contract.metrics[table.metric]
            for ratio in spec.ratios.values():
                sides = [spec.measures.get(name) for name in (ratio.of, ratio.to)]
                if any(side is None or side.aggregate not in ("count", "sum") for side in sides):
                    continue
                query = sql.SQL(
                    "select event_day, sum({})::numeric as of, sum({})::numeric as total from {} group by 1"
                ).format(
                    sql.Identifier(ratio.of), sql.Identifier(ratio.to), sql.Identifier("mart", table.name)
                )
                factor = 100 if ratio.unit == "percent" else Decimal("0.01") if ratio.unit == "fen" else 1
                for day in reader.execute(query).fetchall():
                    shown = rows.get((contract.source, ratio.title, day["event_day"]))
                    if not day["total"]:
                        assert shown is None
                        continue
                    compared += 1
                    assert shown is not None
                    assert abs(shown - factor * day["of"] / day["total"]) < Decimal("0.02"), ratio
    assert compared > 3


def test_a_day_shows_its_current_revision(reader: Connection) -> None:
    rows = [row for row in ask(reader, daily_measures(OWN)) if row["measure"] == "用餐人次"]
    assert {row["revision"] for row in rows} == {1, 2}
    for row in rows:
        (expected,) = reader.execute(
            "select sum(meals) as meals from mart.canteen_meal__meals__revision"
            " where event_day = %s and revision = %s",
            (row["event_day"], row["revision"]),
        ).fetchall()
        assert row["value"] == expected["meals"]


@pytest.mark.parametrize(
    ("contract", "table"),
    [(contract, table) for contract in EVERY.values() for table in metric_tables(contract)],
    ids=lambda each: getattr(each, "source", None) or each.metric,
)
def test_published_days_by_dimension_are_those_of_the_mart(
    contract: Contract, table: MetricTable, reader: Connection
) -> None:
    """Counts by day and each dimension, grouped here; distinct counts each read from their own row."""
    rows = reader.execute(sql.SQL("select * from {}").format(sql.Identifier("mart", table.name))).fetchall()
    shown = ask(reader, published_metric(contract, table))
    values = ask(reader, published_values(contract, table))
    assert len(shown) == len(rows) > 0
    (count, *_) = (column.name for column in table.columns if column.aggregate == "count")
    for field in table.dimensions:
        expected = counted(rows, field, count)
        assert counted(shown, field, count) == expected
        by_field = [row for row in values if row["dimension"] == field]
        assert {(row["event_day"], row["value"]): row[count] for row in by_field} == expected
        assert len(by_field) == len(expected)
        for measure in table.distinct:
            query = (
                "select event_day, dimensions->>%s as value, value as found from mart.distinct_day"
                " where source = %s and metric = %s and measure = %s"
                " and dimensions ? %s and dimensions - %s = '{}'"
            )
            keys = (field, contract.source, table.metric, measure, field, field)
            exact = {
                (row["event_day"], row["value"]): row["found"]
                for row in reader.execute(query, keys).fetchall()
            }
            assert {(row["event_day"], row["value"]): row[measure] for row in by_field} == exact
    assert sum(row[count] for row in values if row["dimension"] == "") == sum(row[count] for row in rows)


def counted(rows: list[dict[str, Any]], field: str, count: str) -> dict[tuple[date, str | None], int]:
    """(event_day, value of the dimension) -> sum of the column."""
    sums: dict[tuple[date, str | None], int] = {}
    for row in rows:
        key = row["event_day"], row[field]
        sums[key] = sums.get(key, 0) + row[count]
    return sums


def test_a_failed_validation_says_which_rule(reader: Connection) -> None:
    failed = [row for row in ask(reader, validations(OWN)) if row["verdict"] == "未通过"]
    assert failed
    assert {row["failures"] for row in failed} == {"每个区县都应有用餐：缺少：龙港市＜script＞"}


def test_live_and_the_rows_of_a_day_make_the_published_number(owner: Connection) -> None:
    """Nine live when it was published, twelve now; of the three one was replayed from quarantine."""
    day, source = date(2020, 1, 2), CONTRACT.source
    owner.execute(
        "insert into mart.publication (source, event_day, revision, reason, contract_version, accepted,"
        " quarantined, duplicate, conflict, archive_position, fingerprint, is_current, live_events,"
        " compared_at) values (%s, %s, 3, '首次发布', 'v', 8, 0, 0, 0, '{}', 'f', true, 9,"
        " now() - interval '1 hour')",
        (source, day),
    )
    owner.execute("insert into ops.span values (%s, %s, %s, 12)", (source, day, day))
    for cause, events in (("late", -2), ("contract", 1)):
        row = (source, day, cause, events)
        owner.execute("insert into mart.difference values (%s, %s, 3, %s, %s, '{}', '[]')", row)
    owner.execute("insert into ops.replay (by, note, selection) values ('a', 'b', '{}')")
    owner.execute(
        "insert into ops.replayed select 1, id, %s, %s, %s, 'accepted', false, 'v' from ops.replay limit 1",
        (source, day, day),
    )
    (both,) = [row for row in ask(owner, live_and_published(OWN)) if row["event_day"] == day]
    of_all = ask(owner, rows_of_difference(OWN))
    rows = {row["cause"]: row["events"] for row in of_all if row["event_day"] == day}
    assert (both["live"], both["final"], both["difference"], both["unexplained"]) == (12, 8, -4, 0)
    assert rows == {"迟到：发布之后才到": -4, "隔离区重放": -1, "按现行契约重新判定": 1}
    assert both["live"] + sum(rows.values()) == both["final"]
