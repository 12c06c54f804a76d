"""The demonstration plays one day of an installation, not another one at each call."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path

from infra.local.demo import demo_day
from streams.settings import Settings
from streams.zone import ZONE


def test_the_first_call_plays_yesterday(tmp_path: Path) -> None:
    assert datetime.now(ZONE).date() - demo_day(Settings(home=tmp_path)) == timedelta(days=1)


def test_a_later_call_plays_the_same_day(tmp_path: Path) -> None:
    (tmp_path / "demo_day").write_text("2022-06-14\n", encoding="ascii")
    assert f"{demo_day(Settings(home=tmp_path))}" == "2022-06-14"
