"""The real Superset: what it holds, what it answers, and who may do what."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import httpx
import psycopg
import pytest
from typer.testing import CliRunner

from infra.cli.main import app
from infra.superset.charts import newest_days
from infra.superset.errors import SupersetMissing
from infra.superset.preparation import prepare
from infra.superset.sync import export, sync
from streams.contract.model import Contract
from streams.settings import Settings
from streams.zone import ZONE
from tests.infra.superset import contracts as known
from tests.superset_visitors import Person

pytestmark = pytest.mark.servers
FORBIDDEN = {httpx.codes.FORBIDDEN, httpx.codes.NOT_FOUND, httpx.codes.UNAUTHORIZED}
NOTHING_CHANGES = ((), (), (), ())
HAND_MADE = ("今日总览", "日终报表", "隔离区", "实时与日终", "账实相符")


def changes(
    settings: Settings, contracts: dict[str, Contract], **options: Any
) -> tuple[tuple[str, ...], ...]:
    plan = sync(settings, contracts, **options)
    return plan.create, plan.change, plan.restore, plan.remove


def titles(person: Person) -> set[str]:
    return {each["dashboard_title"] for each in person.listed("dashboard")}


def test_preparing_again_does_nothing(superset: str, filled: Settings) -> None:
    assert prepare(filled) is False


def test_syncing_again_changes_nothing(
    superset: str, filled: Settings, contracts: dict[str, Contract], admin: Person
) -> None:
    def state() -> list[tuple[int, str]]:
        kinds = ("dashboard", "chart", "dataset")
        return [(each["id"], each["changed_on_utc"]) for kind in kinds for each in admin.listed(kind)]

    before = state()
    assert changes(filled, contracts) == NOTHING_CHANGES
    assert state() == before


def test_every_deployed_source_has_its_page(contracts: dict[str, Contract], operator: Person) -> None:
    assert titles(operator) == {*HAND_MADE, *(each.title for each in contracts.values())}


def test_a_retired_source_loses_its_page_and_an_edit_by_hand_is_put_back(
    superset: str, filled: Settings, contracts: dict[str, Contract], admin: Person
) -> None:
    retired = "la311_request"
    fewer = {source: each for source, each in contracts.items() if source != retired}
    edited = next(each for each in admin.listed("dashboard") if each["slug"] == "daily")
    answer = admin.http.put(f"/api/v1/dashboard/{edited['id']}", json={"dashboard_title": "改过"})
    assert answer.status_code == httpx.codes.OK

    planned = changes(filled, fewer, dry_run=True)
    assert titles(admin) >= {"改过", contracts[retired].title}
    _, _, restored, removed = planned
    assert restored == ("dashboards/daily.yaml",)
    assert f"dashboards/live-{retired}.yaml" in removed
    assert all(retired in path for path in removed)

    assert changes(filled, fewer) == planned
    assert titles(admin) == {*HAND_MADE, *(each.title for each in fewer.values())}
    assert not [each for each in admin.listed("dataset") if retired in each["table_name"]]
    assert not [each for each in admin.listed("chart") if contracts[retired].title in str(each)]

    created, *_ = changes(filled, contracts)
    assert set(created) == set(removed)
    assert titles(admin) == {*HAND_MADE, *(each.title for each in contracts.values())}
    assert changes(filled, contracts) == NOTHING_CHANGES


def test_a_chart_answers_what_the_table_holds(operator: Person, filled: Settings) -> None:
    day = datetime.now(ZONE).date()
    with psycopg.connect(filled.postgres_dsn) as connection:
        rows = connection.execute(
            "select m.minute, d.name, meal, meals, price_fen from live.canteen_meal__meals m"
            " join ref.division d on d.code = m.division"
        ).fetchall()
    of_today = [row for row in rows if row[0].astimezone(ZONE).date() == day]
    expected: dict[str, list[Decimal]] = {}
    for _, division, _, meals, fen in of_today:
        totals = expected.setdefault(division, [Decimal(0), Decimal(0)])
        totals[0] += meals
        totals[1] += Decimal(fen) / 100
    answer = operator.rows(
        "live canteen_meal meals",
        columns=["division__label"],
        metrics=["meals__figure", "price_fen__figure"],
    )
    assert {
        row["division__label"]: [row["meals__figure"], Decimal(str(row["price_fen__figure"]))]
        for row in answer
    } == expected


def test_a_chart_of_published_days_answers_for_any_day(operator: Person, filled: Settings) -> None:
    """By county, of every day there is, those of last year too."""
    with psycopg.connect(filled.postgres_dsn) as connection:
        rows = connection.execute(
            "select event_day, d.name, sum(meals), sum(price_fen) from mart.canteen_meal__meals m"
            " join ref.division d on d.code = m.division group by 1, 2"
        ).fetchall()
    expected = {(day, name): (meals, Decimal(fen) / 100) for day, name, meals, fen in rows}
    answer = operator.rows(
        "daily canteen_meal meals",
        columns=["event_day", "division__label"],
        metrics=["meals__figure", "price_fen__figure"],
    )
    assert {
        (day_of(row["event_day"]), row["division__label"]): (
            row["meals__figure"],
            Decimal(str(row["price_fen__figure"])),
        )
        for row in answer
    } == expected
    assert min(day for day, _ in expected) < datetime.now(ZONE).date() - timedelta(days=365)


@pytest.mark.parametrize(
    "dataset",
    ["daily publications", "daily measures", "daily validations", "daily canteen_meal meals values"],
)
def test_a_page_shows_the_newest_days_until_a_person_chooses_a_period(dataset: str, operator: Person) -> None:
    """The charts' own filter, and the dashboard's, which takes its place."""

    def days(**query: Any) -> set[date]:
        chosen = newest_days()
        filters = [{"col": chosen["subject"], "op": chosen["operator"], "val": chosen["comparator"]}]
        rows = operator.rows(dataset, columns=["event_day"], metrics=[], filters=filters, **query)
        return {day_of(row["event_day"]) for row in rows}

    today = datetime.now(ZONE).date()
    year_ago = today - timedelta(days=366)
    assert {today - timedelta(days=back) for back in range(1, 41)} == days()
    assert days(time_range=f"{year_ago} : {year_ago + timedelta(days=1)}") == {year_ago}


def day_of(value: str | float) -> date:
    """A date as Superset answers it: milliseconds since 1970, or ISO."""
    if isinstance(value, str):
        return date.fromisoformat(value[:10])
    return datetime.fromtimestamp(value / 1000, UTC).date()


def test_a_title_of_a_contract_is_only_text(operator: Person) -> None:
    """The hostile title went through SQL, a driver, a template engine that is off, and JSON."""
    compared = operator.rows("live hostile_meal comparison", columns=["measure", "today"], metrics=[])
    assert known.TITLE in {row["measure"] for row in compared}
    values = operator.rows("live hostile_meal meals values", columns=["dimension", "label"], metrics=[])
    assert known.TITLE in {row["label"] for row in values if row["dimension"] == "meal"}


def test_dashboards_ask_as_the_reader_and_not_for_long(admin: Person, filled: Settings) -> None:
    def setting(name: str) -> dict[str, Any]:
        return {"expressionType": "SQL", "sqlExpression": f"max({name})", "label": name}

    names = (
        "current_user::text",
        *(f"current_setting('{each}')" for each in ("statement_timeout", "transaction_read_only")),
    )
    (row,) = admin.rows("live freshness", metrics=[setting(name) for name in names])
    assert list(row.values()) == [filled.postgres_reader, "15s", "on"]


@pytest.mark.parametrize("kind", ["dashboard", "chart", "dataset"])
def test_an_operator_can_look_and_not_edit(kind: str, admin: Person, operator: Person) -> None:
    before = admin.listed(kind)
    path = f"/api/v1/{kind}/{before[0]['id']}"
    title = {"dashboard": "dashboard_title", "chart": "slice_name", "dataset": "table_name"}[kind]
    assert operator.http.put(path, json={title: "改"}).status_code in FORBIDDEN
    assert operator.http.delete(path).status_code in FORBIDDEN
    assert operator.http.post(f"/api/v1/{kind}/", json={title: "新"}).status_code in FORBIDDEN
    assert {each["id"] for each in admin.listed(kind)} == {each["id"] for each in before}


@pytest.mark.parametrize(
    "ask",
    [
        lambda http: http.post("/api/v1/sqllab/execute/", json={"database_id": 1, "sql": "select 1"}),
        lambda http: http.get("/api/v1/database/"),
        lambda http: http.get("/api/v1/database/1/connection"),
        lambda http: http.post("/api/v1/assets/import/"),
        lambda http: http.get("/api/v1/security/users/"),
        lambda http: http.get("/api/v1/rowlevelsecurity/"),
    ],
    ids=["sqllab", "databases", "connection", "import", "users", "row-level-security"],
)
def test_an_operator_reaches_no_sql_and_no_administration(
    ask: Callable[[httpx.Client], httpx.Response], operator: Person
) -> None:
    assert ask(operator.http).status_code in FORBIDDEN


def test_an_operator_cannot_write_a_query_into_a_query(operator: Person) -> None:
    metric = {"expressionType": "SQL", "sqlExpression": "(select max(text) from ops.contract)", "label": "x"}
    query = {
        "datasource": {"id": operator.datasets["live freshness"], "type": "table"},
        "queries": [{"metrics": [metric]}],
    }
    answer = operator.http.post("/api/v1/chart/data", json=query)
    assert "source:" not in answer.text
    assert answer.status_code != httpx.codes.OK or not answer.json()["result"][0].get("data")


def test_nobody_sees_anything_without_a_login(superset: str) -> None:
    with httpx.Client(base_url=superset) as stranger:
        assert stranger.get("/api/v1/dashboard/").json().get("count", 0) == 0
        assert stranger.post("/api/v1/chart/data", json={}).status_code in {400, *FORBIDDEN}
        page = stranger.get("/superset/dashboard/today/")
        assert page.status_code == httpx.codes.FOUND
        assert "/login" in page.headers["location"]


def test_the_policy_of_a_page_names_no_other_host(superset: str) -> None:
    policy = httpx.get(f"{superset}/login/").headers["content-security-policy"]
    assert "http" not in policy
    assert "unsafe-eval" not in policy


def test_the_command_syncs_and_says_so(
    superset: str, filled: Settings, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    fields = ("home", "postgres_port", "postgres_database", "postgres_user", "postgres_reader")
    for field in fields:
        monkeypatch.setenv(f"MINSHENG_{field.upper()}", str(getattr(filled, field)))
    said = CliRunner().invoke(app, ["dashboards", "sync"])
    assert (said.exit_code, "Nothing to change" in said.output) == (0, True), said.output
    said = CliRunner().invoke(app, ["dashboards", "export", str(tmp_path / "out")])
    assert said.exit_code == 0, said.output
    written = {str(path.relative_to(tmp_path / "out")) for path in (tmp_path / "out").rglob("*.yaml")}
    assert {"metadata.yaml", "dashboards/today.yaml", "databases/minsheng.yaml"} <= written
    monkeypatch.setenv("MINSHENG_POSTGRES_PORT", "1")
    said = CliRunner().invoke(app, ["dashboards", "sync"])
    assert said.exit_code == 75
    assert "minsheng up" in said.output


def test_before_the_first_start_a_sync_says_what_to_do(
    installation: Settings, contracts: dict[str, Contract], tmp_path: Path
) -> None:
    elsewhere = installation.model_copy(update={"postgres_port": 1})
    with pytest.raises(SupersetMissing, match="minsheng up"):
        sync(elsewhere, contracts)
    assert export(elsewhere, contracts, tmp_path)
