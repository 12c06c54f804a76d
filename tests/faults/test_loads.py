"""Events that come too fast, all at one place, all wrong, or with times that cannot be."""

from __future__ import annotations

import pytest

from tests.faults.generator import ANEW, FAR_TIMES, POISON
from tests.faults.trial import RATE, Trial

pytestmark = [pytest.mark.faults, pytest.mark.faults_once]

BURST = 10
BURST_SECONDS = 5


def test_a_burst_of_ten_times_the_pace(trial: Trial) -> None:
    with trial.breaking(f"burst of {BURST} times the pace for {BURST_SECONDS} s") as clock:
        clock.start()
        trial.traffic.send(round(RATE * (BURST - 1) * BURST_SECONDS))


def test_one_hot_key(trial: Trial) -> None:
    """All events of one place, in one partition of each source."""
    with trial.breaking("one hot key") as clock:
        clock.start()
        trial.traffic.send(round(RATE * (BURST - 1) * BURST_SECONDS), ANEW, key="hot")


def test_a_day_of_all_poison(trial: Trial) -> None:
    """Nothing but rejected events, at ten times the pace; good ones count again as soon as they come."""
    with trial.breaking("nothing but poison", RATE * BURST, POISON) as clock:
        clock.start()
    with trial.comparing():
        trial.traffic.send(100)


def test_events_of_1970_and_2099(trial: Trial) -> None:
    """They are quarantined, and hold nobody up: there is no watermark that they could move."""
    with trial.breaking("events of 1970 and 2099", RATE, FAR_TIMES) as clock:
        clock.start()
