"""Finding Java 17 on a machine that may have several, the wrong one first on PATH.

Spark 4.2 and Kafka 4.4 both run on Java 17; Spark does not start on Java 8 or 11.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Iterable, Mapping
from pathlib import Path

JAVA_VERSION = 17


def version_of(banner: str) -> int | None:
    """The feature release in what `java -version` prints: `"1.8.0_402"` is 8, `"17.0.15"` is 17."""
    found = re.search(r'version "(?:1\.)?(\d+)', banner)
    return int(found.group(1)) if found else None


def candidates(environment: Mapping[str, str]) -> list[Path]:
    """Every java program of this machine in the order in which one would expect them to be taken."""
    homes = [Path(environment["JAVA_HOME"])] if environment.get("JAVA_HOME") else []
    folders = [home / "bin" for home in homes]
    folders += [Path(folder) for folder in environment.get("PATH", "").split(os.pathsep) if folder]
    folders += sorted(home / "bin" for home in Path("/usr/lib/jvm").glob("*17*"))
    programs = [folder / "java" for folder in folders]
    return [program for program in dict.fromkeys(programs) if os.access(program, os.X_OK)]


def probe(program: Path) -> int | None:
    """The feature release of a java program; None when it does not say."""
    release = java_home(program) / "release"  # says the same as the program, without starting it
    if release.is_file():
        return version_of(release.read_text(encoding="utf-8").replace('JAVA_VERSION="', 'version "'))
    try:
        shown = subprocess.run([program, "-version"], capture_output=True, text=True, timeout=30, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return None
    return version_of(shown.stderr + shown.stdout)


def find_java(environment: Mapping[str, str]) -> Path | None:
    """The java program of the first Java 17 of this machine; None when there is none."""
    return next((path for path in candidates(environment) if probe(path) == JAVA_VERSION), None)


def others(environment: Mapping[str, str]) -> list[tuple[Path, int | None]]:
    """The java programs that come before the first Java 17, with their versions."""
    found: list[tuple[Path, int | None]] = []
    for path in candidates(environment):
        version = probe(path)
        if version == JAVA_VERSION:
            break
        found.append((path, version))
    return found


def java_home(program: Path) -> Path:
    """JAVA_HOME of a java program, its links followed."""
    return program.resolve().parent.parent


def with_java(environment: Mapping[str, str], program: Path) -> dict[str, str]:
    """The environment in which Spark, Kafka and Maven take that Java: JAVA_HOME set and first on PATH."""
    home = java_home(program)
    path = os.pathsep.join([str(home / "bin"), *filter(None, [environment.get("PATH")])])
    return {**environment, "JAVA_HOME": str(home), "PATH": path}


def missing(programs: Iterable[str]) -> list[str]:
    """Those programs that are not on PATH."""
    return [name for name in programs if shutil.which(name) is None]
