"""What a run that was killed leaves in the folder for temporary files, the next one takes away."""

from __future__ import annotations

from pathlib import Path

import pytest

from spark_jobs.live.query import new_checkpoint
from streams.settings import Settings


def test_the_next_checkpoint_replaces_those_of_the_same_installation(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    settings, others = Settings(home=tmp_path / "home"), Settings(home=tmp_path / "another")
    killed, beside = new_checkpoint(settings), new_checkpoint(others)
    (killed / "offsets").mkdir()
    now = new_checkpoint(settings)
    assert sorted(tmp_path.glob("minsheng-live-*")) == sorted([now, beside])
    assert not list(now.iterdir())
