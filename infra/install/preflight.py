"""What is wrong with a machine, said before anything is installed or started."""

from __future__ import annotations

from dataclasses import dataclass

from infra.install.errors import InstallError
from infra.install.machine import GIB, REPOSITORY, Machine

PYTHON = (3, 11)
# Measured: environments 2.7 GiB, their packages unpacked meanwhile 2.5 GiB, jars 0.1, Maven's own 0.2 GiB.
DISK_TO_INSTALL = 7 * GIB
# Measured: the whole stack 4.2 GiB while a rollup runs; heaps may grow, and Linux itself wants the rest.
MEMORY_TO_RUN = 7 * GIB


@dataclass(frozen=True)
class Goal:
    """What a target of the Makefile needs on a machine.

    `environments` are names of folders of .venvs with the locks they are made of.
    """

    environments: dict[str, str]
    packages: tuple[str, ...] = ()
    jars: bool = False
    runs_stack: bool = False


JAVA, MAVEN, BROWSER, FONTS = "openjdk-17-jre-headless", "maven", "chromium", "fonts-noto-cjk"
SERVERS = {"airflow": "airflow", "superset": "superset"}
GOALS = {
    "demo": Goal({"stream": "stream", **SERVERS}, (JAVA, MAVEN), jars=True, runs_stack=True),
    "test": Goal({"stream": "dev", **SERVERS}, (JAVA, MAVEN, BROWSER, FONTS), jars=True, runs_stack=True),
    "check": Goal({"stream": "dev"}),
}


def python_problem(machine: Machine) -> InstallError | None:
    """Not Python 3.11: the locks hold hashes of wheels for that version only."""
    if machine.python == PYTHON:
        return None
    found = ".".join(map(str, machine.python))
    remedy = (
        "put a python3.11 first on PATH, or name it: make PYTHON=/path/to/python3.11 ..."
        " (Debian 12: apt-get install python3)"
    )
    return InstallError(f"this is Python {found}; the locks are for Python 3.11", remedy)


def disk_problem(machine: Machine, needed: int = DISK_TO_INSTALL) -> InstallError | None:
    """Less free disk than the environments and jars take."""
    if machine.disk_free >= needed:
        return None
    free = (
        f"{machine.disk_free / GIB:.1f} GiB are free where {REPOSITORY} is; {needed / GIB:.0f} GiB are needed"
    )
    return InstallError(
        free, "free some space (`make clean` removes build results), or clone onto a larger disk"
    )


def memory_problem(machine: Machine, needed: int = MEMORY_TO_RUN) -> InstallError | None:
    """Less memory than the whole stack takes."""
    if machine.memory_total >= needed:
        return None
    total, asked = machine.memory_total / GIB, needed / GIB
    what = f"this machine has {total:.1f} GiB of memory; the stack needs {asked:.0f} GiB"
    return InstallError(what, "use a larger machine")


def problems(machine: Machine, goal: Goal, *, installs: bool) -> list[InstallError]:
    """Everything that stands in the way of a goal, at once. `installs`: something has still to be fetched."""
    found = [
        python_problem(machine),
        disk_problem(machine) if installs else None,
        memory_problem(machine) if goal.runs_stack else None,
    ]
    return [problem for problem in found if problem is not None]
