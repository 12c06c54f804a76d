"""What the data sets answer: right numbers of the right day, whoever asks from wherever, and inert text."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from psycopg import sql
from psycopg.rows import dict_row
from psycopg.types.json import Jsonb

from infra.ledger import read_ledger
from infra.superset.assets import Chart, Dataset
from infra.superset.bundle import pages
from infra.superset.data import sql as pieces
from infra.superset.data.comparison import today_and_yesterday
from infra.superset.data.daily import daily_measures, validations
from infra.superset.data.days import published_metric, published_values
from infra.superset.data.differences import live_and_published, rows_of_difference
from infra.superset.data.ledger import ledger_of_days, ledger_of_hours, ledger_of_today
from infra.superset.data.live import minutes_of_today, values_of_today
from infra.superset.data.overview import all_minutes_of_today, freshness
from infra.superset.data.quarantine import quarantined_today, reasons_today
from infra.superset.pages.quarantine import quarantine_page
from spark_jobs.replay.selection import CLOSED, OPEN, REPLAYED
from streams.contract.model import Contract
from streams.contract.tables import MetricTable, metric_tables
from streams.settings import Settings
from streams.zone import ZONE
from tests.infra.superset import contracts as known
from tests.infra.superset.plausible import HOSTILE, insert

pytestmark = pytest.mark.servers
EVERY = known.every()
DATASETS = {chart.dataset.key: chart.dataset for page in pages(EVERY, "events.") for chart in page.charts}
OWN = known.own()
CONTRACT = next(iter(OWN.values()))
TABLE = metric_tables(CONTRACT)[0]

Connection = psycopg.Connection[dict[str, Any]]


@pytest.fixture
def reader(filled: Settings) -> Iterator[Connection]:
    """The dashboards' own role."""
    with psycopg.connect(filled.reader_dsn, row_factory=dict_row) as connection:
        yield connection
        connection.rollback()


@pytest.fixture
def owner(filled: Settings) -> Iterator[Connection]:
    """A role that may write; what it writes is taken back."""
    with psycopg.connect(filled.postgres_dsn, row_factory=dict_row) as connection:
        yield connection
        connection.rollback()


def ask(connection: Connection, dataset: Dataset, what: str = "*") -> list[dict[str, Any]]:
    return connection.execute(f"select {what} from ({dataset.sql}) asked").fetchall()


def minutes(connection: Connection, table: str) -> list[dict[str, Any]]:
    query = sql.SQL("select * from {}").format(sql.Identifier("live", table))
    return connection.execute(query).fetchall()


def today(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Rows of today in Shanghai, told by Python's own time zones."""
    day = datetime.now(ZONE).date()
    return [row for row in rows if row["minute"].astimezone(ZONE).date() == day]


@pytest.mark.parametrize("dataset", DATASETS.values(), ids=DATASETS)
def test_a_data_set_answers_the_reader_with_the_columns_and_figures_it_names(
    dataset: Dataset, reader: Connection
) -> None:
    cursor = reader.execute(f"select * from ({dataset.sql}) asked")
    assert {each.name for each in cursor.description or []} >= {each.name for each in dataset.columns}
    assert cursor.fetchall()
    for figure in dataset.figures:
        assert ask(reader, dataset, f"{figure.expression} as figure")[0]["figure"] is not None


def test_the_pages_of_a_platform_without_contracts_answer_too(reader: Connection) -> None:
    for page in pages({}, "events."):
        for chart in page.charts:
            ask(reader, chart.dataset)


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


def test_what_a_stranger_wrote_cannot_be_markup(reader: Connection) -> None:
    rows = ask(reader, quarantined_today(EVERY))
    assert any("script" in row["excerpt"] for row in rows)
    assert not [
        row for row in rows if set("<>") & set("".join(map(str, row.values())).replace(known.TITLE, ""))
    ]
    assert HOSTILE.count("<") == rows[0]["excerpt"].count("＜")


def test_a_reason_names_field_and_fault_in_chinese(reader: Connection) -> None:
    reasons = {row["reason"] for row in ask(reader, reasons_today(OWN)) if row["source"] == "canteen_meal"}
    assert reasons == {
        "行政区划：缺失",
        "食堂编号：格式不符",
        "时间过早",
        "行政区划：取值不在约定内",
        "餐费应等于补贴加自付",
        "补贴不得超过餐费",
    }


def test_an_unknown_source_and_reason_are_shown_as_they_are(owner: Connection) -> None:
    owner.execute(
        'insert into ops.quarantine (source, topic, partition, "offset", received_at, reasons, excerpt)'
        " values ('<b>x', 'events.<b>x', 0, 1, now(), %s, '')",
        (Jsonb([{"code": "<i>new", "field": "a<b", "detail": ""}]),),
    )
    row = next(each for each in ask(owner, quarantined_today(OWN)) if each["source"] == "<b>x")
    assert (row["source__label"], row["reasons"]) == ("＜b＞x", "a＜b：＜i＞new")


def charted(connection: Connection, chart: Chart) -> int:
    """What a chart of the quarantine adds up to, as Superset asks it: filtered, then by its axis."""
    figures = {each.name: each.expression for each in chart.dataset.figures}
    metric = chart.params.get("metric") or chart.params["metrics"][0]
    asked = chart.params["adhoc_filters"]
    condition = " and ".join(f"{each['subject']} = '{each['comparator']}'" for each in asked) or "true"
    question = f"select {figures[metric]} as n from ({chart.dataset.sql}) q where {condition}"
    if "x_axis" in chart.params:
        question += f" group by {chart.params['x_axis']}"
    return sum(row["n"] for row in connection.execute(question).fetchall())


def test_an_event_with_two_reasons_is_one_event_in_every_chart_but_that_of_the_reasons(
    owner: Connection,
) -> None:
    """Beside more closed groups, all larger, than any table shows: filters come before limits."""
    owner.execute("delete from ops.quarantine")
    one, two = ({"code": code, "field": "price_fen", "detail": ""} for code in ("missing", "out_of_range"))
    reasons = [([one, two], OPEN, 3), ([one], OPEN, 2), ([two], REPLAYED, 4)]
    rows = [
        *((Jsonb(said), state, "ST302001", None) for said, state, events in reasons for _ in range(events)),
        *((Jsonb([one]), CLOSED, f"ST{number}", "330302") for number in range(600) for _ in range(4)),
    ]
    insert(
        owner,
        "ops.quarantine",
        ("source", "topic", "partition", "offset", "received_at", "reasons", "excerpt", "state", "place",
         "division"),
        [
            (CONTRACT.source, "t", 0, offset, datetime.now(UTC), said, "", state, place, division)
            for offset, (said, state, place, division) in enumerate(rows)
        ],
    )  # fmt: skip
    charts = {each.key: each for each in quarantine_page(OWN).charts}

    assert charted(owner, charts["quarantine-open"]) == 5
    assert charted(owner, charts["quarantine-sources"]) == 5
    assert charted(owner, charts["quarantine-counties"]) == 5
    assert charted(owner, charts["quarantine-reasons"]) == 3 * 2 + 2
    assert charted(owner, charts["quarantine-closed"]) == 2400


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


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=200, deadline=None)
@given(st.text(st.characters(exclude_characters="\0", exclude_categories=("Cs",))))
def test_any_text_survives_quoting(reader: Connection, value: str) -> None:
    (row,) = reader.execute(f"select {pieces.text(value)} as value".replace("%", "%%"), ()).fetchall()
    assert row["value"] == value


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
