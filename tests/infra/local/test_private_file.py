"""What holds secrets is replaced as a whole and read by nobody else."""

from __future__ import annotations

import stat
from pathlib import Path

from infra.local.private_file import write_private


def test_a_file_that_others_could_read_is_replaced_by_one_that_they_cannot(tmp_path: Path) -> None:
    path = tmp_path / "airflow.cfg"
    path.write_text("old", encoding="utf-8")
    path.chmod(0o644)
    write_private(path, "密码")
    assert path.read_text(encoding="utf-8") == "密码"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert list(tmp_path.iterdir()) == [path]


def test_what_an_interrupted_call_left_is_not_in_the_way(tmp_path: Path) -> None:
    left = tmp_path / "airflow.cfg.part"
    left.write_text("half", encoding="utf-8")
    left.chmod(0o666)
    write_private(tmp_path / "airflow.cfg", "whole")
    assert (tmp_path / "airflow.cfg").read_text(encoding="utf-8") == "whole"
    assert stat.S_IMODE((tmp_path / "airflow.cfg").stat().st_mode) == 0o600
