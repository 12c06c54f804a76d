"""What is tried a second time, and what is not."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from infra.check import (
    FAILED,
    FINDINGS,
    SOME_TESTS_FAILED,
    TRIED_TWICE,
    noted_in,
    noting_failures,
    worth_another_try,
)
from infra.install.machine import REPOSITORY

KILL = "tests/faults/test_kills.py::test_kill"
PAGE = "tests/infra/superset/test_page.py::test_page"


def test_what_failed_is_known_afterwards(tmp_path: Path) -> None:
    module = tmp_path / "test_two.py"
    module.write_text(
        "def test_right():\n    pass\n\n\ndef test_wrong():\n    assert False\n", encoding="utf-8"
    )
    command = [
        *noting_failures(["-q", "-c", "/dev/null", f"--rootdir={tmp_path}"], tmp_path / "cache"),
        str(module),
    ]
    done = subprocess.run([sys.executable, "-m", *command], cwd=tmp_path, capture_output=True, check=False)
    assert done.returncode == SOME_TESTS_FAILED
    assert noted_in(tmp_path / "cache") == ["test_two.py::test_wrong"]


def test_where_nothing_failed_nothing_is_noted(tmp_path: Path) -> None:
    assert noted_in(tmp_path / "cache") == []


@pytest.mark.parametrize(
    ("codes", "failed", "findings", "worth"),
    [
        ([1, 0], [PAGE], [], True),
        ([1, 1], [f"{PAGE}{number}" for number in range(TRIED_TWICE)], [], True),
        ([1, 1], [f"{PAGE}{number}" for number in range(TRIED_TWICE + 1)], [], False),
        ([0, 0], [], [], False),
        ([1, 0], [], [], False),  # something else than a test failed
        ([3, 0], [PAGE], [], False),  # pytest did not come to its end: others may not have run
        ([1, 1], [PAGE, KILL], [KILL], False),
    ],
)
def test_few_failures_of_servers_are_tried_again(
    codes: list[int], failed: list[str], findings: list[str], worth: bool
) -> None:
    assert worth_another_try(codes, failed, findings) is worth


def test_wrong_numbers_after_a_fault_are_noted_as_a_finding(tmp_path: Path) -> None:
    module = tmp_path / "test_faults.py"
    module.write_text(
        "from tests.faults.trial import Unsound\n"
        "def test_wrong():\n    raise Unsound('one too many')\ndef test_late():\n    assert False\n",
        encoding="utf-8",
    )
    options = ["-q", "-p", "tests.faults.conftest", "-c", "/dev/null", f"--rootdir={tmp_path}"]
    command = [*noting_failures(options, tmp_path / "cache"), str(module)]
    subprocess.run([sys.executable, "-m", *command], cwd=REPOSITORY, capture_output=True, check=False)
    wrong, late = (f"test_faults.py::{name}" for name in ("test_wrong", "test_late"))
    assert noted_in(tmp_path / "cache", FAILED) == [late, wrong]
    assert noted_in(tmp_path / "cache", FINDINGS) == [wrong]
