"""Log lines go to whatever stderr is when they are written."""

from __future__ import annotations

import io
import json
import sys
from collections.abc import Iterator

import pytest
import structlog

from expectations import logs


@pytest.fixture(autouse=True)
def _as_before() -> Iterator[None]:
    yield
    structlog.reset_defaults()


def test_a_line_outlives_the_stderr_that_it_was_set_up_with(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with monkeypatch.context() as replaced:
        gone = io.StringIO()
        replaced.setattr(sys, "stderr", gone)
        logs.to_stderr()
        gone.close()
    structlog.get_logger().warning("rollup.refused", day="2022-06-10")
    line = json.loads(capsys.readouterr().err)
    assert (line["level"], line["event"], line["day"]) == ("warning", "rollup.refused", "2022-06-10")
