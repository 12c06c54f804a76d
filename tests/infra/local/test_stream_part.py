"""The simulated city is healthy while it comes further."""

from __future__ import annotations

import os
import time
from datetime import date
from pathlib import Path

import pytest

from infra.local.errors import NotHealthy
from infra.local.stream_part import POSITION_LATE_SECONDS, simulator_part
from streams.settings import Settings
from streams.simulator.position import Position, Progress, position_file


def test_a_city_that_sends_is_healthy_and_one_that_stands_still_is_not(tmp_path: Path) -> None:
    settings = Settings(home=tmp_path)
    part, file = simulator_part(settings), position_file(settings)
    with pytest.raises(NotHealthy, match="nothing yet"):
        part.healthy()
    Position(file, seed=1, scale=1.0).write({"somewhere": Progress(0, date(2022, 6, 10))})
    part.healthy()
    before = time.time() - POSITION_LATE_SECONDS - 60
    os.utime(file, (before, before))
    with pytest.raises(NotHealthy, match=r"not come further for 9\d s"):
        part.healthy()
