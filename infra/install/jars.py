"""The jars of .jars/: fetched by Maven as infra/jars/pom.xml says, then held against their SHA-256.

Maven refuses what differs from its repository's checksum (`-C`); infra/locks/jars.sha256 refuses what differs
from the file that was reviewed, whichever repository it came from.
"""

from __future__ import annotations

import hashlib
import os
import shutil
from pathlib import Path

from infra.install import stamps
from infra.install.errors import InstallError
from infra.install.java import find_java, with_java
from infra.install.machine import REPOSITORY
from infra.install.progress import Report

JARS = REPOSITORY / ".jars"
POMS = tuple(REPOSITORY / "infra" / "jars" / name for name in ("pom.xml", "kafka/pom.xml", "spark/pom.xml"))
LOCK = REPOSITORY / "infra" / "locks" / "jars.sha256"


def read_lock(text: str) -> dict[str, str]:
    """SHA-256 by path below .jars, from lines as `sha256sum` writes them."""
    pairs = (line.split(maxsplit=1) for line in text.splitlines() if line.strip())
    return {path: digest for digest, path in pairs}


def found_in(folder: Path) -> dict[str, str]:
    """SHA-256 by path of every jar below a folder."""
    files = sorted(folder.glob("*/*.jar"))
    return {str(file.relative_to(folder)): hashlib.sha256(file.read_bytes()).hexdigest() for file in files}


def differences(locked: dict[str, str], found: dict[str, str]) -> list[str]:
    """What a folder of jars has wrong, one sentence a jar."""
    return [
        *(f"{path} is missing" for path in sorted(locked.keys() - found.keys())),
        *(f"{path} is not in the lock" for path in sorted(found.keys() - locked.keys())),
        *(
            f"{path} has SHA-256 {found[path]}, the lock says {locked[path]}"
            for path in sorted(locked.keys() & found.keys())
            if locked[path] != found[path]
        ),
    ]


def wrong_jars(folder: Path = JARS) -> list[str]:
    """What is wrong with the jars of this installation, every byte read. Takes about 0.1 s."""
    return differences(read_lock(LOCK.read_text(encoding="utf-8")), found_in(folder))


def _made_of() -> dict[str, str]:
    return {"sha256": stamps.digest(*POMS, LOCK)}


def are_made() -> bool:
    """Whether the jars are those of the lock, as far as their stamp says."""
    return stamps.read(JARS) == _made_of()


def fetch(folder: Path, report: Report) -> None:
    """Let Maven fetch the jars into an empty folder."""
    java = find_java(os.environ)
    environment = with_java(os.environ, java) if java else dict(os.environ)
    maven = ["mvn", "--batch-mode", "--strict-checksums", "--no-transfer-progress", "-f", str(POMS[0])]
    report.run([*maven, f"-Djars={folder}", "process-resources"], environment)


def make(report: Report) -> None:
    """Fetch the jars beside the old ones, check them, then take their place.

    Raises InstallError when a jar is not the one that the lock names.
    """
    draft = JARS.with_name(f"{JARS.name}.part")
    shutil.rmtree(draft, ignore_errors=True)
    with report.step("jars of Kafka and Spark's connectors"):
        fetch(draft, report)
        wrong = wrong_jars(draft)
        if wrong:
            raise InstallError(
                "the jars that Maven fetched are not those of the lock: " + "; ".join(wrong),
                "if infra/jars was changed on purpose: python3.11 -m infra.install jars-lock, and review"
                " the lock; if not, do not use this Maven repository",
            )
        stamps.write(draft, _made_of())
        shutil.rmtree(JARS, ignore_errors=True)
        draft.rename(JARS)


def write_lock(report: Report) -> None:
    """Fetch the jars and write down what came: for whoever changes infra/jars and reviews the difference."""
    draft = JARS.with_name(f"{JARS.name}.part")
    shutil.rmtree(draft, ignore_errors=True)
    with report.step("jars for a new lock"):
        fetch(draft, report)
        lines = (f"{digest}  {path}\n" for path, digest in found_in(draft).items())
        LOCK.write_text("".join(lines), encoding="utf-8")
        shutil.rmtree(draft)
