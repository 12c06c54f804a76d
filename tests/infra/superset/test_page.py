"""The pages as an operator sees them, in a real browser."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import psycopg
import pytest
from playwright.sync_api import BrowserContext, Locator, Page, expect

from infra.superset.bundle import pages
from infra.superset.environment import LOOPBACK
from streams.settings import Settings
from tests.infra.superset import contracts as known
from tests.superset_visitors import log_in

pytestmark = pytest.mark.servers
CHART_MS = 120_000
REFRESH_MS = 60_000
# Chromium drops requests to loopback too when an interface of the machine comes or goes, as with containers.
NETWORK_CHANGED = "net::ERR_NETWORK_CHANGED"
LEGENDS = {
    chart.kind
    for page in pages(known.every(), "")
    for chart in page.charts
    if chart.params.get("show_legend")
}


class Seen:
    """What a page did that it should not do: errors on its console, requests that fail or go elsewhere."""

    def __init__(self, context: BrowserContext) -> None:
        self.page: Page = context.new_page()
        self.wrong: list[str] = []
        self.page.on("console", lambda message: self._say(message.text) if message.type == "error" else None)
        self.page.on("pageerror", lambda error: self._say(str(error)))
        self.page.on("dialog", lambda dialog: (self._say(f"dialog {dialog.message}"), dialog.dismiss()))
        self.page.on("response", lambda answer: self._say(answer.url) if answer.status >= 400 else None)
        self.page.on("request", lambda request: self._host(request.url))

    def _say(self, text: str) -> None:
        if NETWORK_CHANGED not in text:
            self.wrong.append(text)

    def _host(self, url: str) -> None:
        parts = urlsplit(url)
        if parts.scheme.startswith("http") and parts.hostname != LOOPBACK:
            self._say(f"asked {parts.hostname}")


@pytest.fixture(scope="module")
def context(browser: BrowserContext, superset: str, filled: Settings) -> BrowserContext:
    """The browser with an operator logged in."""
    seen = Seen(browser)
    log_in(seen.page, superset, "operator", filled.secret("superset_operator"))
    assert seen.wrong == []
    seen.page.close()
    return browser


@pytest.fixture
def seen(context: BrowserContext) -> Iterator[Seen]:
    """A page of its own; nothing may have gone wrong on it when the test is over."""
    opened = Seen(context)
    yield opened
    opened.page.close()
    assert opened.wrong == []


def test_a_login_outlives_the_browser_and_no_late_answer_undoes_it(
    context: BrowserContext, superset: str
) -> None:
    (cookie,) = [each for each in context.cookies() if each["name"] == "minsheng_superset"]
    assert cookie["expires"] > (datetime.now(UTC) + timedelta(days=29)).timestamp()
    with httpx.Client(base_url=superset) as nobody:
        assert "set-cookie" in nobody.get("/login/").headers
        assert "set-cookie" not in nobody.get("/superset/language_pack/zh/").headers


def holder(page: Page, title: str) -> Locator:
    """The chart of that title."""
    charts = page.locator("[data-test=dashboard-component-chart-holder]")
    return charts.filter(has=page.get_by_text(title, exact=True))


def number(page: Page, title: str) -> str:
    """The number of the tile of that title, once it is there."""
    value = holder(page, title).locator(".header-line")
    expect(value).to_be_visible(timeout=CHART_MS)
    return value.inner_text()


def meals_of_today(settings: Settings) -> int:
    with psycopg.connect(settings.postgres_dsn) as connection:
        row = connection.execute(
            "select sum(meals) from live.canteen_meal__meals"
            " where (minute at time zone 'Asia/Shanghai')::date = (now() at time zone 'Asia/Shanghai')::date"
        ).fetchone()
    assert row is not None
    return int(row[0] or 0)


def test_the_overview_opens_in_chinese_with_numbers_and_asks_nobody_else(
    seen: Seen, superset: str, build: Path
) -> None:
    seen.page.goto(f"{superset}/superset/dashboard/today/")
    for title in ("今日人次 · 实时", "数据龄 · 实时", "各区县人次 · 实时", "各来源 · 实时"):
        expect(seen.page.get_by_text(title, exact=True)).to_be_visible(timeout=CHART_MS)
    assert int(number(seen.page, "今日人次 · 实时").replace(",", "")) >= 0
    assert number(seen.page, "对账差额") == "0"
    expect(seen.page.get_by_text("老年食堂用餐").first).to_be_visible(timeout=CHART_MS)
    expect(seen.page.locator("canvas").first).to_be_visible(timeout=CHART_MS)
    seen.page.screenshot(path=build / "today.png")


def test_a_number_on_the_page_follows_the_table_without_a_reload(
    seen: Seen, superset: str, filled: Settings, build: Path
) -> None:
    seen.page.goto(f"{superset}/superset/dashboard/live-canteen_meal/")
    before = meals_of_today(filled)
    assert number(seen.page, "用餐人次 · 实时") == f"{before:,}"
    with psycopg.connect(filled.postgres_dsn) as connection:
        connection.execute(
            "insert into live.canteen_meal__meals as known (minute, division, meal, meals)"
            " values (%s, '330302', 'lunch', 1000)"
            " on conflict (minute, division, meal) do update set meals = known.meals + 1000",
            (datetime.now(UTC).replace(second=0, microsecond=0),),
        )
    expect(holder(seen.page, "用餐人次 · 实时").locator(".header-line")).to_have_text(
        f"{before + 1000:,}", timeout=REFRESH_MS
    )
    expect(seen.page.locator("canvas").first).to_be_visible(timeout=CHART_MS)
    page = json.loads(seen.page.locator("#app").get_attribute("data-bootstrap") or "{}")
    kinds = page["common"]["theme"]["default"]["echartsOptionsOverridesByChartType"]
    for kind in LEGENDS:  # drawn on a canvas: what a refresh keeps is what the theme gives
        assert [button["title"] for button in kinds[kind]["legend"]["selector"]] == ["全选", "反选"]
    empty = holder(seen.page, "今日与昨日 · 实时").locator("td.dt-is-null").first
    expect(empty).to_have_css("font-size", "0px", timeout=CHART_MS)  # Superset's N/A
    assert empty.evaluate("cell => getComputedStyle(cell, '::after').content") == '"—"'
    seen.page.screenshot(path=build / "source.png")


def test_an_address_without_a_page_is_said_in_chinese_without_another_host(
    context: BrowserContext, superset: str
) -> None:
    seen = Seen(context)
    answer = seen.page.goto(f"{superset}/superset/dashboard/live-no_such_source/")
    assert answer is not None
    assert answer.status == 404
    expect(seen.page.get_by_role("heading")).to_have_text("没有这一页")
    seen.page.get_by_role("link", name="全部看板").click()
    expect(seen.page.get_by_text("今日总览", exact=True).first).to_be_visible(timeout=CHART_MS)
    assert not [wrong for wrong in seen.wrong if wrong.startswith("asked ")]
    seen.page.close()


def test_what_an_event_holds_is_shown_as_text(seen: Seen, superset: str) -> None:
    seen.page.goto(f"{superset}/superset/dashboard/today/")
    table = holder(seen.page, "最近隔离的事件")
    table.scroll_into_view_if_needed()
    expect(table.get_by_text("＜script＞alert").first).to_be_visible(timeout=CHART_MS)
    assert not table.locator(".anticon-warning").is_visible()  # these are the newest, and said to be
    assert seen.page.locator("img[src=x]").count() == 0


def test_the_daily_report_shows_days_with_their_revision(seen: Seen, superset: str, build: Path) -> None:
    seen.page.goto(f"{superset}/superset/dashboard/daily/")
    for text in ("日终指标", "修订号", "环比 %", "同比 %"):
        expect(seen.page.get_by_text(text, exact=True).first).to_be_visible(timeout=CHART_MS)
    assert number(seen.page, "最高修订号") == "2"
    measures = holder(seen.page, "日终指标")
    newest = measures.locator("tbody td").first.inner_text()
    assert measures.locator(".anticon-warning").count() == 0
    seen.page.screenshot(path=build / "daily.png")
    measures.locator(".dt-pagination a", has_text="2").first.click()
    expect(measures.locator("tbody td").first).not_to_have_text(newest, timeout=CHART_MS)


def test_the_overview_leads_to_the_quarantine_with_its_groups(seen: Seen, superset: str, build: Path) -> None:
    seen.page.goto(f"{superset}/superset/dashboard/today/")
    link = seen.page.get_by_role("link", name="隔离区")
    expect(link).to_be_visible(timeout=CHART_MS)
    seen.page.goto(superset + (link.get_attribute("href") or ""))
    for text in ("按来源、地点、原因", "占该地点事件（%）", "最近隔离的事件"):
        expect(seen.page.get_by_text(text, exact=True).first).to_be_visible(timeout=CHART_MS)
    assert int(number(seen.page, "待核实 · 实时").replace(",", "")) > 0
    seen.page.screenshot(path=build / "quarantine.png")
