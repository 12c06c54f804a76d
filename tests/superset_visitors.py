"""People at Superset: over its API, and in headless Chromium."""

from __future__ import annotations

import re
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import httpx
from playwright.sync_api import BrowserContext, Locator, Page, expect, sync_playwright

CHROMIUM_FLAGS = (
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
)  # fmt: skip
SIZE = {"width": 1500, "height": 900}

PAGE = 100


class Person:
    """Somebody who is logged in, over Superset's API. `datasets`: name -> id, which a page would tell."""

    def __init__(self, address: str, name: str, password: str) -> None:
        self.datasets: dict[str, int] = {}
        self.http = httpx.Client(base_url=address, timeout=60)
        answer = self.http.post(
            "/api/v1/security/login", json={"username": name, "password": password, "provider": "db"}
        )
        self.http.headers["Authorization"] = f"Bearer {answer.json()['access_token']}"
        token = self.http.get("/api/v1/security/csrf_token/").json()["result"]
        self.http.headers.update({"X-CSRFToken": token, "Referer": address})

    def listed(self, kind: str) -> list[dict[str, Any]]:
        """All objects of that kind that this person sees."""
        found: list[dict[str, Any]] = []
        while True:  # a page has a hundred at most, whatever is asked for
            query = f"(page_size:{PAGE},page:{len(found) // PAGE})"
            answer = self.http.get(f"/api/v1/{kind}/", params={"q": query}).json()
            found += answer["result"]
            if len(answer["result"]) < PAGE:
                return found

    def rows(self, dataset: str, **query: Any) -> list[dict[str, Any]]:
        """The answer to a chart's question about the data set of that name."""
        answer = self.http.post(
            "/api/v1/chart/data",
            json={
                "datasource": {"id": self.datasets[dataset], "type": "table"},
                "force": True,
                "queries": [{"filters": [], "row_limit": 50_000, **query}],
            },
        )
        assert answer.status_code == httpx.codes.OK, answer.text
        data: list[dict[str, Any]] = answer.json()["result"][0]["data"]
        return data


def administrator(address: str, password: str) -> Person:
    """The administrator, who may list everything."""
    person = Person(address, "admin", password)
    person.datasets |= {each["table_name"]: each["id"] for each in person.listed("dataset")}
    return person


@contextmanager
def open_browser() -> Iterator[BrowserContext]:
    """Headless Chromium of a person who has never been here."""
    chromium = shutil.which("chromium") or shutil.which("google-chrome")
    assert chromium, "Chromium is missing: `make test` installs it"
    with sync_playwright() as playwright, tempfile.TemporaryDirectory() as profile:
        context = playwright.chromium.launch_persistent_context(
            profile, executable_path=chromium, headless=True, args=list(CHROMIUM_FLAGS), viewport=SIZE
        )
        yield context
        context.close()


def log_in(page: Page, address: str, name: str, password: str) -> None:
    """Log in by the form, as a person does; it must have worked."""
    page.goto(f"{address}/login/")
    expect(page.get_by_role("button", name=re.compile("登 ?录"))).to_be_visible()
    page.locator("input[type=text]").fill(name)
    page.locator("input[type=password]").fill(password)
    page.keyboard.press("Enter")
    page.wait_for_url(lambda url: url.startswith(address) and "/login" not in url)
    known = page.context.request.get(f"{address}/api/v1/me/")
    assert known.ok, f"{page.url}: {known.status} {known.text()} {page.context.cookies()}"


def tile(page: Page, title: str) -> Locator:
    """The big number of the chart of that title."""
    holders = page.locator("[data-test=dashboard-component-chart-holder]")
    return holders.filter(has=page.get_by_text(title, exact=True)).locator(".header-line")
