"""A sample that is read, and the contract that is proposed for it, once for all tests that look at them."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path

import pytest

from streams.authoring.draft import Draft, Wishes, draft
from streams.authoring.sample import read_sample
from streams.zone import ZONE
from tests.streams.authoring.rides import rides, write_csv

WISHES = Wishes("bike_ride", "公共自行车", "市民每骑行一次产生一条事件", "综合执法")


@pytest.fixture(scope="session")
def today() -> datetime:
    return datetime.now(ZONE).replace(hour=0, minute=0, second=0, microsecond=0)


@pytest.fixture(scope="session")
def rides_csv(tmp_path_factory: pytest.TempPathFactory, today: datetime) -> Path:
    path = tmp_path_factory.mktemp("rides") / "rides.csv"
    return write_csv(path, rides(3_000, begin=today - timedelta(days=22)))


@pytest.fixture(scope="session")
def proposed(rides_csv: Path, today: datetime) -> Draft:
    return draft(read_sample(rides_csv), WISHES, today.date())
