"""A city's day from event to dashboard: gateway, Kafka, Spark, Great Expectations, Airflow, Superset.

The tests stand in the order of the data's way and share one installation.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from functools import cache
from typing import Any

import httpx
import psycopg
import pytest
from kafka import KafkaProducer
from playwright.sync_api import expect

from infra.airflow.client import AirflowClient
from streams.settings import REPOSITORY
from streams.zone import ZONE
from tests.end_to_end.installation import Installation
from tests.end_to_end.sent import Meal, identity_number, meals_of, totals
from tests.superset_visitors import administrator, log_in, open_browser, tile
from tests.waiting import wait_for_equal

pytestmark = [pytest.mark.stack, pytest.mark.timeout(1500)]

SEED = 20220601
DUPLICATES, REFUSED, POISON = 25, 3, 7
WAIT_SECONDS, ROLLUP_SECONDS, CHART_MS = 120, 600, 60_000


@cache
def this_day() -> date:
    """Today in Shanghai, as it was when the stack had started."""
    return datetime.now(ZONE).date()


def day_before() -> date:
    return this_day() - timedelta(days=1)


@pytest.fixture(scope="module")
def yesterday(city: Installation) -> list[Meal]:
    return meals_of(day_before(), 900, SEED)


@pytest.fixture(scope="module")
def today(city: Installation) -> list[Meal]:
    return [meal for meal in meals_of(this_day(), 1300, SEED + 1) if meal.number >= 900]


@pytest.fixture
def database(city: Installation) -> Iterator[psycopg.Connection]:
    """As the dashboards see it: by the role that can only read."""
    with psycopg.connect(city.settings.reader_dsn, autocommit=True) as connection:
        yield connection


def post(city: Installation, events: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Post a batch to the gateway as a department does; the verdict on each event."""
    answer = httpx.post(
        f"http://127.0.0.1:{city.settings.gateway_port}/v1/events",
        json=events,
        headers={
            "Content-Type": "application/cloudevents-batch+json",
            "Authorization": f"Bearer {city.settings.secret('gateway_api_key')}",
        },
        timeout=60,
        trust_env=False,
    )
    assert answer.status_code in {202, 207}, answer.text
    verdicts: list[dict[str, Any]] = answer.json()["events"]
    return verdicts


def test_the_gateway_takes_what_is_right_and_names_what_is_wrong(
    city: Installation, yesterday: list[Meal], today: list[Meal]
) -> None:
    events = [meal.event() for meal in (*yesterday, *today)]
    events += events[:DUPLICATES]
    verdicts = [
        verdict for start in range(0, len(events), 500) for verdict in post(city, events[start : start + 500])
    ]
    assert [verdict["status"] for verdict in verdicts] == [202] * len(events)

    wrong = [{**meal.event(), "id": f"wrong-{meal.number}"} for meal in yesterday[:REFUSED]]
    for event in wrong:
        event["data"]["paid_fen"] += 1
    refused = post(city, wrong)
    assert [verdict["status"] for verdict in refused] == [422] * REFUSED
    assert "餐费" in refused[0]["reason"]


def test_what_came_by_another_way_is_quarantined(city: Installation, database: psycopg.Connection) -> None:
    producer = KafkaProducer(bootstrap_servers=city.settings.kafka_bootstrap)
    for number in range(POISON):
        producer.send(
            f"{city.settings.topic_prefix}canteen_meal", b'{"id": "p%d", 330302194001011232' % number
        )
    producer.flush()
    producer.close()
    count = (
        "select count(*), count(*) filter (where excerpt like '%%330302194001011232%%') from ops.quarantine"
    )
    wait_for_equal(lambda: database.execute(count).fetchone(), (POISON, 0), WAIT_SECONDS)


def test_live_minutes_hold_every_meal_once(
    database: psycopg.Connection, yesterday: list[Meal], today: list[Meal]
) -> None:
    query = """
        select division, meal, sum(meals)::int, sum(subsidy_fen)::int from live.canteen_meal__meals
        where (minute at time zone 'Asia/Shanghai')::date = %s group by 1, 2
    """

    def live(day: object) -> dict[tuple[str, str], tuple[int, int]]:
        return {(row[0], row[1]): (row[2], row[3]) for row in database.execute(query, (day,)).fetchall()}

    wait_for_equal(lambda: live(day_before()), totals(yesterday), WAIT_SECONDS)
    wait_for_equal(lambda: live(this_day()), totals(today), WAIT_SECONDS)


def test_the_ledger_accounts_for_every_event(
    city: Installation, yesterday: list[Meal], today: list[Meal]
) -> None:
    def entry() -> tuple[int, ...]:
        (line,) = city.json("ledger", "--source", "canteen_meal")
        names = (
            "sent",
            "accepted",
            "quarantined",
            "duplicate",
            "conflict",
            "in_flight",
            "residue",
            "archived",
        )
        return tuple(line[name] for name in names)

    accepted = len(yesterday) + len(today)
    sent = accepted + DUPLICATES + POISON
    wait_for_equal(entry, (sent, accepted, POISON, DUPLICATES, 0, 0, 0, sent), WAIT_SECONDS)


def test_airflow_publishes_the_day(
    city: Installation, database: psycopg.Connection, yesterday: list[Meal]
) -> None:
    with AirflowClient(city.settings) as airflow:
        run = airflow.trigger("daily_rollup", conf={"day": f"{day_before()}", "sources": ["canteen_meal"]})
        airflow.wait(run, ROLLUP_SECONDS)
    published = database.execute(
        "select division, meal, meals, subsidy_fen from mart.canteen_meal__meals where event_day = %s",
        (day_before(),),
    ).fetchall()
    assert {(row[0], row[1]): (row[2], row[3]) for row in published} == totals(yesterday)
    elders = database.execute(
        "select value from mart.distinct_day where source = 'canteen_meal' and metric = 'meals'"
        " and measure = 'elders' and event_day = %s and dimensions = '{}'",
        (day_before(),),
    ).fetchone()
    assert elders == (len({meal.elder for meal in yesterday}),)
    validated = database.execute(
        "select success, evaluated > 0 from ops.validation where scope = 'day' and event_day = %s",
        (day_before(),),
    ).fetchall()
    assert validated == [(True, True)]


def test_a_late_event_makes_the_next_revision(
    city: Installation, database: psycopg.Connection, yesterday: list[Meal]
) -> None:
    late = {**yesterday[0].event(), "id": "late-1"}
    late["data"]["elder"] = identity_number(random.Random("late"))  # who has not had this meal elsewhere
    assert [verdict["status"] for verdict in post(city, [late])] == [202]
    city.minsheng("rollup", "run", "--day", day_before(), "--source", "canteen_meal")
    city.minsheng("rollup", "run", "--day", day_before(), "--source", "canteen_meal")
    revisions = database.execute(
        "select revision, accepted, is_current from mart.publication"
        " where source = 'canteen_meal' and event_day = %s order by 1",
        (day_before(),),
    ).fetchall()
    assert revisions == [(1, len(yesterday), False), (2, len(yesterday) + 1, True)]


def test_the_dashboards_show_these_numbers(city: Installation, today: list[Meal]) -> None:
    city.minsheng("dashboards", "sync")
    again = city.json("dashboards", "sync")
    assert not any(again[name] for name in ("create", "change", "restore", "remove"))
    address = f"http://127.0.0.1:{city.settings.superset_port}"
    admin = administrator(address, city.settings.secret("superset_admin"))
    live = admin.rows("live canteen_meal meals", metrics=[total("meals")], columns=["division"])
    by_division: dict[str, int] = {}
    for (division, _), (meals, _) in totals(today).items():
        by_division[division] = by_division.get(division, 0) + meals
    assert {row["division"]: row["meals"] for row in live} == by_division
    daily = admin.rows("daily publications", columns=["source", "revision", "accepted"], metrics=[])
    assert {"source": "canteen_meal", "revision": 2, "accepted": 901} in daily

    with open_browser() as browser:
        page = browser.new_page()
        log_in(page, address, "operator", city.settings.secret("superset_operator"))
        page.goto(f"{address}/superset/dashboard/today/")
        expect(tile(page, "今日人次 · 实时")).to_have_text(f"{len(today):,}", timeout=CHART_MS)
        expect(page.locator("canvas").first).to_be_visible(timeout=CHART_MS)
        page.wait_for_timeout(3_000)  # charts are drawn with an animation
        (REPOSITORY / "build").mkdir(exist_ok=True)
        page.screenshot(path=REPOSITORY / "build" / "city_day.png")


def total(column: str) -> dict[str, Any]:
    """Superset's form of SUM(column)."""
    return {
        "expressionType": "SIMPLE",
        "aggregate": "SUM",
        "column": {"column_name": column},
        "label": column,
    }
