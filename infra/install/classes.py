"""The class archive of Spark's JVM: made once where Java, environment and jars are, for a quick start."""

from __future__ import annotations

import os
from pathlib import Path

from infra.install import stamps
from infra.install.environments import PROJECT_ENVIRONMENT, VENVS, program
from infra.install.errors import CommandFailed
from infra.install.jars import JARS
from infra.install.java import find_java, java_home, with_java
from infra.install.machine import REPOSITORY
from infra.install.progress import Report

FOLDER = VENVS / "spark-classes"
ARCHIVE = FOLDER / "archive.jsa"
MADE_BY = tuple(REPOSITORY / "spark_jobs" / name for name in ("class_archive.py", "session.py"))


def _made_of(java: Path) -> dict[str, str]:
    release = java_home(java) / "release"
    return {
        "java": f"{java_home(java)} {release.read_text(encoding='utf-8') if release.is_file() else ''}",
        "environment": stamps.read(VENVS / PROJECT_ENVIRONMENT).get("sha256", ""),
        "jars": stamps.read(JARS).get("sha256", ""),
        "code": stamps.digest(*MADE_BY),
        "folder": str(FOLDER),
    }


def are_kept() -> bool:
    """Whether it was tried with the Java, the environment and the jars of now; yes where there is no Java."""
    java = find_java(os.environ)
    return java is None or stamps.read(FOLDER) == _made_of(java)


def keep(report: Report) -> None:
    """Make it. Where that fails, the report says so and jobs start without it: it only saves seconds."""
    java = find_java(os.environ)
    assert java is not None  # noqa: S101 (are_kept says yes without it)
    stamps.remove(FOLDER)
    FOLDER.mkdir(exist_ok=True)
    ARCHIVE.unlink(missing_ok=True)
    python = str(program("python"))
    try:
        with report.step("classes of Spark's JVM"):
            report.run(
                [python, "-m", "spark_jobs.class_archive", str(ARCHIVE)],
                with_java(os.environ, java),
                REPOSITORY,
            )
    except CommandFailed:
        ARCHIVE.unlink(missing_ok=True)
    stamps.write(FOLDER, _made_of(java))
