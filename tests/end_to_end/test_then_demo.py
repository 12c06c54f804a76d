"""`minsheng demo` plays a day of the city, publishes it, and changes nothing when it is called again."""

from __future__ import annotations

from datetime import datetime, timedelta
from ipaddress import IPv6Address, ip_address

import psutil
import psycopg
import pytest
from playwright.sync_api import expect

from streams.settings import REPOSITORY
from streams.zone import ZONE
from tests.end_to_end.installation import Installation
from tests.superset_visitors import log_in, open_browser, tile

pytestmark = [pytest.mark.stack, pytest.mark.timeout(1800)]

CHART_MS = 60_000
LISTENING_PARTS = 6
"""At least Kafka, PostgreSQL, the gateway, Airflow, Superset and the status page."""
DAY = datetime.now(ZONE).date() - timedelta(days=2)


def running(city: Installation) -> dict[str, int]:
    return {part["name"]: part["pid"] for part in city.json("status") if part["pid"]}


def on_loopback(address: str) -> bool:
    """Java listens on IPv4 addresses that are written as IPv6."""
    ip = ip_address(address)
    return (ip.ipv4_mapped or ip if isinstance(ip, IPv6Address) else ip).is_loopback


@pytest.fixture(scope="module")
def played(city: Installation) -> str:
    """What the demonstration said."""
    return city.minsheng("demo", "--day", DAY, "--speed", 5760, seconds=1500)


def test_the_simulated_day_is_published_as_the_simulator_foretold(city: Installation, played: str) -> None:
    foretold = city.json("simulate", "expect", "--day", DAY)["sources"]
    with psycopg.connect(city.settings.reader_dsn) as connection:
        published = connection.execute(
            "select source, accepted from mart.publication where event_day = %s and is_current", (DAY,)
        ).fetchall()
    assert dict(published) == {source: each["accepted"] for source, each in foretold.items()}


def test_its_last_lines_say_where_to_look(city: Installation, played: str) -> None:
    for port in (city.settings.superset_port, city.settings.airflow_port, city.settings.status_port):
        assert f"http://127.0.0.1:{port}/" in played
    assert f"password in {city.settings.secrets_dir / 'superset_operator'}" in played


def test_every_part_listens_on_loopback_only(city: Installation, played: str) -> None:
    parts = [psutil.Process(pid) for pid in running(city).values()]
    family = {process for part in parts for process in (part, *part.children(recursive=True))}
    listening = [
        (" ".join(process.cmdline())[:200], socket.laddr)
        for process in family
        for socket in process.net_connections("inet")
        if socket.status == psutil.CONN_LISTEN
    ]
    assert len(listening) >= LISTENING_PARTS
    assert [each for each in listening if not on_loopback(each[1].ip)] == []


def test_a_second_call_changes_nothing_that_runs(city: Installation, played: str) -> None:
    before = running(city)
    assert "simulator" in before
    city.minsheng("demo", "--day", DAY, seconds=300)
    assert running(city) == before


def test_the_city_goes_on_and_every_event_is_accounted_for(city: Installation, played: str) -> None:
    assert [line["residue"] for line in city.json("ledger")].count(0) == len(city.json("ledger"))


def test_the_dashboard_shows_the_living_city(city: Installation, played: str) -> None:
    address = f"http://127.0.0.1:{city.settings.superset_port}"
    with open_browser() as browser:
        page = browser.new_page()
        log_in(page, address, "operator", city.settings.secret("superset_operator"))
        page.goto(f"{address}/superset/dashboard/today/")
        expect(tile(page, "对账差额")).to_have_text("0", timeout=CHART_MS)
        expect(page.locator("canvas").first).to_be_visible(timeout=CHART_MS)
        page.wait_for_timeout(5_000)  # charts are drawn with an animation
        (REPOSITORY / "build").mkdir(exist_ok=True)
        page.screenshot(path=REPOSITORY / "build" / "overview.png")
