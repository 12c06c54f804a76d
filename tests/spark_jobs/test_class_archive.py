"""A job's JVM takes its classes from the archive that the installer has made."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from infra.install.classes import ARCHIVE
from spark_jobs.session import class_archive_options
from streams.settings import Settings

SESSION = """
import sys
from pathlib import Path
from spark_jobs.session import build_session
from streams.settings import Settings
session = build_session(Settings(home=Path(sys.argv[1])), "tests")
assert session.range(3).count() == 3
print(Path(f"/proc/{session.sparkContext._gateway.proc.pid}/maps").read_text())
"""


def test_the_installer_makes_it_where_jobs_look_for_it() -> None:
    assert Settings.model_fields["spark_class_archive"].default == ARCHIVE


def test_a_job_starts_without_it(tmp_path: Path) -> None:
    assert class_archive_options(tmp_path / "archive.jsa") == ""


@pytest.mark.servers
@pytest.mark.skipif(
    not ARCHIVE.is_file(), reason="the class archive could not be made here: build/install.log"
)
def test_a_job_maps_it(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", SESSION, tmp_path], capture_output=True, text=True, check=True
    )
    assert str(ARCHIVE) in done.stdout
