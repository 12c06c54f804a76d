"""A program that fails says how, where the rest is, and what to do."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from infra.install.errors import CommandFailed
from infra.install.progress import Report


def test_the_end_of_a_failed_program_is_shown_and_all_of_it_kept(tmp_path: Path) -> None:
    report = Report(tmp_path / "build" / "install.log")
    script = "for n in range(40): print('line', n)\nraise SystemExit(7)"
    with pytest.raises(CommandFailed) as failure:
        report.run([sys.executable, "-c", script], os.environ)
    said = str(failure.value)
    assert "exit code 7" in said
    assert "line 39" in said
    assert "line 3\n" not in said
    assert str(report.log) in said
    assert "line 0\n" in report.log.read_text(encoding="utf-8")


def test_a_step_says_whether_it_was_done(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    report = Report(tmp_path / "log")
    with report.step("good"):
        pass
    with pytest.raises(ValueError, match="no"), report.step("bad"):
        raise ValueError("no")
    lines = capfd.readouterr().err.splitlines()
    assert [line.split()[:2] for line in lines] == [["good", "done"], ["bad", "failed"]]
