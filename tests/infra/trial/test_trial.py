"""A contract tried out: what it says is what the platform would do."""

from __future__ import annotations

import json
from collections import Counter
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from xml.etree import ElementTree

import duckdb
import pytest

from infra.trial import report
from infra.trial.arrivals import of_day, of_file
from infra.trial.outcome import Outcome, Trial, day_of
from infra.trial.picture import nice, picture
from infra.trial.pieces import pieces
from streams.contract.loader import load_contract
from streams.contract.model import Contract
from streams.importer.mapping import ColumnMapping
from streams.importer.readers import open_table
from streams.settings import Settings
from streams.simulator.answer import expected, expected_metric
from streams.simulator.city import City
from streams.simulator.day import SimulatedDay

DAY = date(2026, 11, 2)
SVG = "{http://www.w3.org/2000/svg}"


@pytest.fixture(scope="module")
def contract() -> Contract:
    return load_contract(Settings().contracts_dir / "canteen_meal.yaml")


@pytest.fixture(scope="module")
def simulated(contract: Contract) -> SimulatedDay:
    return SimulatedDay(City(contract), DAY, scale=0.1)


@pytest.fixture(scope="module")
def outcome(simulated: SimulatedDay) -> Outcome:
    trial = Trial(simulated.contract)
    for arrivals in of_day(simulated):
        trial.add(arrivals)
    return trial.finish()


def test_a_simulated_day_comes_to_what_the_simulator_foretells(
    outcome: Outcome, simulated: SimulatedDay
) -> None:
    answer = expected(simulated)
    assert outcome.counts == {
        "accepted": answer.accepted,
        "refused": answer.quarantined,
        "duplicate": answer.duplicate,
        "conflict": answer.conflict,
    }
    assert len(outcome.quarantine) == answer.quarantined


def test_the_day_is_what_a_plain_computation_says(outcome: Outcome, simulated: SimulatedDay) -> None:
    groups = expected_metric(simulated, "meals")
    found = {
        (row["division"], row["meal"]): {
            key: row[key] for key in ("meals", "elders", "price_fen", "subsidy_fen")
        }
        for row in outcome.days["canteen_meal__meals"].to_pylist()
    }
    assert found == {
        key: {name: row[name] for name in ("meals", "elders", "price_fen", "subsidy_fen")}
        for key, row in groups.items()
    }


def test_minutes_add_up_to_days(outcome: Outcome) -> None:
    minutes, days = outcome.minutes["canteen_meal__channels"], outcome.days["canteen_meal__channels"]  # noqa: F841 (named in SQL)
    with duckdb.connect() as connection:
        sums = "select channel, service, sum(meals), sum(paid_fen) from {} group by all order by all"
        assert (
            connection.sql(sums.format("minutes")).fetchall()
            == connection.sql(sums.format("days")).fetchall()
        )
    assert {day_of(row["event_day"]) for row in days.to_pylist()} == {DAY}


def test_the_hours_add_up_to_everything(outcome: Outcome) -> None:
    assert (
        sum((counts for counts in outcome.hours.values()), Counter())["accepted"]
        == outcome.counts["accepted"]
    )


def test_the_quarantine_shows_no_number_of_a_person(tmp_path: Path, contract: Contract) -> None:
    line = {
        "time": datetime.now(UTC).isoformat(), "division": "330302", "canteen_id": "=1+1<b>", "meal": "lunch",
        "service": "dine_in", "elder": "33030219400101123X", "price_fen": 1200, "subsidy_fen": 500,
        "paid_fen": 700,
        "channel": "card", "remark": "13812345678",
    }  # fmt: skip
    path = tmp_path / "a.jsonl"
    path.write_text(json.dumps(line), encoding="utf-8")
    trial = Trial(contract)
    with open_table(path) as table:
        for arrivals in of_file(table, contract, ColumnMapping(), datetime.now(UTC)):
            trial.add(arrivals)
    found = trial.finish()
    assert found.counts == {"refused": 1}
    html = report.page(found, pieces(contract, "events."), "a<script>.jsonl")
    assert "33030219400101123X" not in html
    assert "13812345678" not in html
    assert "<script" not in html
    assert "<b>" not in html
    assert "「老年食堂用餐」" in found.refused[0].reasons[0][2]


def test_what_would_be_made_is_named(contract: Contract) -> None:
    made = pieces(contract, "events.")
    assert made.topic == "events.canteen_meal"
    assert "live.canteen_meal__meals" in made.tables
    assert any("用餐人次" in title for _, title in made.charts)
    assert ("daily_rollup", "roll_up_all, publish[canteen_meal]") in made.tasks
    assert any(line.startswith("create table") for line in made.sql)


def test_the_picture_has_a_bar_for_each_hour_and_colour() -> None:
    hours = {7: Counter(accepted=900), 8: Counter(accepted=50, refused=1)}
    drawn = ElementTree.fromstring(picture("食堂 <&>", DAY, hours, {"duplicate": 3}))  # noqa: S314 (made here)
    bars = [rect for rect in drawn.iter(f"{SVG}rect") if rect.find(f"{SVG}title") is not None]
    assert [bar.find(f"{SVG}title").text for bar in bars] == [
        "7 时：接收 900",
        "8 时：接收 50",
        "8 时：拒收 1",
    ]  # type: ignore[union-attr]
    assert [float(bar.get("height", 0)) for bar in bars] == pytest.approx([230.4, 12.8, 2.0])
    assert "食堂 <&>" in "".join(drawn.itertext())


def test_the_scale_ends_at_a_round_number() -> None:
    assert [nice(most) for most in (0, 3, 4, 7, 900, 1001, 5000)] == [4, 5, 5, 10, 1000, 2000, 5000]


def test_the_fullest_day_is_shown(outcome: Outcome) -> None:
    assert report.fullest_day(outcome) == DAY
    assert f"{DAY}" in report.drawn(outcome)
    assert str(DAY + timedelta(days=1)) not in report.drawn(outcome)
