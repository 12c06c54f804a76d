"""Whoever sends a day sees how far it is, on a terminal or in a log."""

from __future__ import annotations

from datetime import date

import pytest

from infra.cli import simulation_report
from infra.cli.simulation_report import progress
from streams.contract.loader import load_contracts
from streams.settings import REPOSITORY
from streams.simulator.city import City
from streams.simulator.day import SimulatedDay


def test_in_a_log_a_line_comes_now_and_then(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    contract = next(iter(load_contracts(REPOSITORY / "streams" / "contracts").values()))
    day = SimulatedDay(City(contract, 1), date(2022, 6, 10), 0.01)
    for seconds in (0.0, 3600.0):
        monkeypatch.setattr(simulation_report, "SAY_EVERY_SECONDS", seconds)
        with progress([day], None, None) as on_sent:
            on_sent(contract.source, 1_000)
            on_sent(contract.source, 1_000)
    total = f"{day.count(None, None):,}"
    assert capsys.readouterr().err.splitlines() == [
        f"  {sent} of {total} events sent (0 s)" for sent in ("1,000", "2,000")
    ]
