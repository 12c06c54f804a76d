"""Simulated days over HTTP: what is right is taken, what is faulty is refused, as was foretold."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path

import psycopg
import pytest

from infra.deploy import deploy
from infra.local.secrets import make_secrets
from streams.judge.uniqueness import CODE
from streams.settings import Settings
from streams.simulator.answer import expected
from streams.simulator.city import City
from streams.simulator.day import SimulatedDay
from streams.simulator.errors import GatewayAway
from streams.simulator.gateway_way import GatewayWay
from streams.simulator.plan import Rates
from streams.simulator.playing import play
from streams.zone import ZONE
from tests.conftest import free_port
from tests.streams.gateway.conftest import running
from tests.streams.simulator.conftest import CONTRACTS
from tests.streams.simulator.test_kafka_way import outcomes

pytestmark = pytest.mark.servers

SOURCE = "canteen_meal"
RATES = Rates(late=0.1, duplicate=0.1, conflict=0.05, faulty=0.2)


def test_a_day_through_the_gateway_comes_to_its_answer(settings: Settings, tmp_path: Path) -> None:
    make_secrets(settings)
    deploy(settings, CONTRACTS.values())
    yesterday = (datetime.now(ZONE) - timedelta(days=1)).date()
    day = SimulatedDay(City(CONTRACTS[SOURCE]), yesterday, 0.02, RATES, "gateway")
    answer = expected(day)
    across = sum(n for code, n in answer.quarantined_because.items() if code.startswith(CODE))

    with running(settings, tmp_path / "gateway.log") as gateway:
        way = GatewayWay(settings, gateway.address)
        play([day], way)
        way.close()
        gateway.stop()  # writes what it has counted

    found = outcomes(settings, SOURCE)
    assert {name: found[name] for name in ("accepted", "duplicate", "conflict")} == {
        "accepted": answer.accepted + across,
        "duplicate": answer.duplicate,
        "conflict": answer.conflict,
    }
    assert found["quarantined"] == 0
    with psycopg.connect(settings.postgres_dsn) as connection:
        refused = connection.execute("select sum(events) from ops.refusal").fetchone()
    assert refused == (answer.quarantined - across,)
    assert answer.quarantined > 20


def test_a_gateway_that_is_away_is_said_with_what_to_do(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_secrets(settings)
    monkeypatch.setattr("streams.simulator.gateway_way.IMPATIENT_SECONDS", 1)
    day = SimulatedDay(City(CONTRACTS[SOURCE]), datetime.now(ZONE).date() - timedelta(days=1), 0.001)
    way = GatewayWay(settings, f"http://127.0.0.1:{free_port()}")
    with pytest.raises(GatewayAway, match="minsheng status"):
        play([day], way)
    way.close()
