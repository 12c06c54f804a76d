"""The endless city: at the pace of the clock, through restarts, sending nothing twice by accident."""

from __future__ import annotations

import json
import threading
from collections import Counter
from collections.abc import Callable, Sequence
from datetime import timedelta
from pathlib import Path

import pytest

from streams.contract.model import Contract
from streams.errors import KafkaAway
from streams.simulator.city import City
from streams.simulator.day import Sending, SimulatedDay
from streams.simulator.endless import Endless
from streams.simulator.errors import AlreadyRunning, PositionBroken
from streams.simulator.playing import play
from streams.simulator.position import Position, Progress
from streams.simulator.schedule import DAY_US, midnight
from tests.streams.simulator.conftest import CONTRACTS, FRIDAY, city

SOURCE = "canteen_meal"
NINE, NOON, SIX = 9 / 24, 12 / 24, 18 / 24


class Recording:
    """A way in that keeps what came; it fails when it is told to, and takes nothing then."""

    def __init__(self) -> None:
        self.taken: list[tuple[int, str]] = []
        self.handed_over: list[tuple[int, str]] = []
        self.fail_times = 0

    def send(self, contract: Contract, sendings: Sequence[Sending]) -> None:
        if self.fail_times:
            self.fail_times -= 1
            raise KafkaAway("away")
        self.handed_over += [(sending.at, sending.event.get("id", "")) for sending in sendings]

    def settle(self) -> None:
        self.taken, self.handed_over = self.taken + self.handed_over, []


def at(share_of_day: float, days: int = 0) -> float:
    """Seconds since 1970 at that time of FRIDAY or a later day."""
    return midnight(FRIDAY + timedelta(days=days)) / 1e6 + share_of_day * 86_400


def live(way: Recording, file: Path, times: list[float], scale: float = 0.05) -> None:
    """Run the city while the clock shows these times, one after the other, and catch up at each."""
    stop = threading.Event()
    clock = iter(times)
    now = [next(clock)]
    endless = Endless(
        cities=lambda: {SOURCE: city(SOURCE, 1)},
        way=way,
        position=Position(file, 1, scale),
        scale=scale,
        clock=lambda: now[0],
    )
    step = endless._step

    def stepping(progress: dict[str, Progress]) -> bool:
        behind = step(progress)
        if not behind:
            later = next(clock, None)
            if later is None:
                stop.set()
            else:
                now[0] = later
        return True

    endless._step = stepping  # type: ignore[method-assign]
    endless.run(stop)


def today_until(share: float) -> list[tuple[int, str]]:
    day = SimulatedDay(city(SOURCE, 1), FRIDAY, 0.05)
    return [(s.at, s.event.get("id", "")) for s in day.sendings(end=int(at(share) * 1e6))]


def test_it_begins_with_today_and_follows_the_clock(tmp_path: Path) -> None:
    way = Recording()
    live(way, tmp_path / "p.json", [at(NINE), at(NOON)])
    assert sorted(way.taken) == sorted(today_until(NOON))


def test_a_restart_goes_on_where_it_stopped(tmp_path: Path) -> None:
    way = Recording()
    live(way, tmp_path / "p.json", [at(NINE)])
    live(way, tmp_path / "p.json", [at(NOON), at(SIX)])
    assert sorted(way.taken) == sorted(today_until(SIX))


def test_a_new_day_begins_and_late_events_of_the_old_one_still_come(tmp_path: Path) -> None:
    way = Recording()
    live(way, tmp_path / "p.json", [at(NOON), at(NINE, days=1), at(SIX, days=1)])
    days = Counter(identity.split("-")[1] for _, identity in way.taken if identity)
    after = [identity for when, identity in way.taken if when >= midnight(FRIDAY) + DAY_US]
    assert set(days) == {"20220610", "20220611"}
    assert any("-20220610-" in identity for identity in after)


def test_what_was_not_acknowledged_is_sent_again_and_nothing_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("streams.simulator.endless.RETRY_SECONDS", 0.0)
    way = Recording()
    live(way, tmp_path / "p.json", [at(NINE)])
    way.fail_times = 2
    live(way, tmp_path / "p.json", [at(NOON)])
    assert sorted(set(way.taken)) == sorted(today_until(NOON))


def test_after_a_long_pause_it_begins_with_today_again(tmp_path: Path) -> None:
    way = Recording()
    live(way, tmp_path / "p.json", [at(NOON)])
    before = len(way.taken)
    live(way, tmp_path / "p.json", [at(NOON, days=5)])
    assert {identity.split("-")[1] for _, identity in way.taken[before:]} == {"20220615"}


def test_the_position_of_another_seed_or_scale_is_not_taken(tmp_path: Path) -> None:
    Position(tmp_path / "p.json", 1, 1.0).write({SOURCE: Progress(5, FRIDAY)})
    assert Position(tmp_path / "p.json", 1, 1.0).read() == {SOURCE: Progress(5, FRIDAY)}
    assert Position(tmp_path / "p.json", 2, 1.0).read() == {}
    assert Position(tmp_path / "p.json", 1, 2.0).read() == {}


@pytest.mark.parametrize("text", ["", "{", "[]", json.dumps({"seed": 1, "scale": 1.0, "sources": {"a": 3}})])
def test_a_broken_position_says_which_file_and_what_to_do(tmp_path: Path, text: str) -> None:
    file = tmp_path / "p.json"
    file.write_text(text)
    with pytest.raises(PositionBroken, match=r"p\.json.*Delete it"):
        Position(file, 1, 1.0).read()


def test_only_one_simulator_runs(tmp_path: Path) -> None:
    position = Position(tmp_path / "p.json", 1, 1.0)
    with position.held(), pytest.raises(AlreadyRunning), position.held():
        pass
    with position.held():
        pass


def test_a_contract_that_cannot_be_simulated_leaves_the_others_alone(tmp_path: Path) -> None:
    way = Recording()
    wrong = CONTRACTS["station_visit"].model_copy(
        update={"source": "wrong", "simulate": {"resident": CONTRACTS["canteen_meal"].simulate["elder"]}}
    )
    stop = threading.Event()
    clock: Callable[[], float] = lambda: at(NINE)  # noqa: E731
    endless = Endless(
        cities=lambda: {"wrong": City(wrong), SOURCE: city(SOURCE, 1)},
        way=way,
        position=Position(tmp_path / "p.json", 1, 0.05),
        scale=0.05,
        clock=clock,
    )
    progress: dict[str, Progress] = {}
    while endless._step(progress):
        assert not stop.is_set()
    endless._keep(progress)
    assert sorted(way.taken) == sorted(today_until(NINE))


@pytest.mark.parametrize("speed", [None, 200_000.0])
def test_the_pace_changes_nothing_but_the_time_that_it_takes(speed: float | None) -> None:
    way = Recording()
    day = SimulatedDay(city(SOURCE, 1), FRIDAY, 0.01)
    tally = play([day], way, speed=speed)
    assert [identity for _, identity in way.taken] == [s.event.get("id", "") for s in day.sendings()]
    assert tally.total == day.count()
    if speed is not None:
        assert tally.seconds > 12 * 3600 / speed / 2, "it waits for its events"
