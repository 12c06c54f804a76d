"""SIGTERM: the application ends by itself, soon, in the middle of its work."""

from __future__ import annotations

import pytest

from tests.faults.supervised import STOP_SECONDS
from tests.faults.trial import Trial

pytestmark = [pytest.mark.faults, pytest.mark.faults_once]


def test_the_live_application_stops_when_it_is_asked_to(trial: Trial) -> None:
    stream = trial.platform.stream
    ended = len(stream.ended)
    with trial.breaking("SIGTERM of the live application") as clock:
        clock.start()
        assert stream.terminate() < STOP_SECONDS
    assert stream.ended[ended] == 0
