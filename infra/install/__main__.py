"""`python3.11 -m infra.install demo|test|check`: make sure of what a target of the Makefile needs."""

from __future__ import annotations

import argparse
import fcntl
import sys

from infra.install import classes, environments, jars, packages
from infra.install.errors import InstallError, MachineNotReady
from infra.install.machine import REPOSITORY, this_machine
from infra.install.packages import VENV
from infra.install.preflight import GOALS, Goal, problems
from infra.install.progress import Report

LOG = REPOSITORY / "build" / "install.log"
LOCKERS = {"locks": environments.write_locks, "jars-lock": jars.write_lock}


def needed_packages(goal: Goal) -> list[str]:
    """Debian packages that a goal lacks here."""
    wanted = goal.packages if environments.UV.exists() else (VENV, *goal.packages)
    return packages.absent(wanted)


def install(goal: Goal, report: Report) -> None:
    """Make sure of everything that a goal needs; at once when it is there. Raises InstallError."""
    machine = this_machine()
    stale = {name: lock for name, lock in goal.environments.items() if not environments.is_made(name, lock)}
    fetches_jars = goal.jars and not jars.are_made()
    absent = needed_packages(goal)
    found = problems(machine, goal, installs=bool(stale or fetches_jars or absent))
    blocked = packages.cannot_install(absent, machine) if absent else None
    if found or blocked:
        raise MachineNotReady([*found, *filter(None, [blocked])])
    if absent:
        packages.install(absent, machine, report)
    if stale:
        environments.make_uv(report)
    for name, lock in stale.items():
        environments.make(name, lock, report)
    if fetches_jars:
        jars.make(report)
    if goal.jars and not classes.are_kept():
        classes.keep(report)


def main() -> int:
    """Exit code 0 when the goal has all it needs, 1 when the machine stands in the way, 130 on Ctrl-C."""
    parser = argparse.ArgumentParser(prog="python3.11 -m infra.install", description=__doc__)
    parser.add_argument("goal", choices=[*GOALS, *LOCKERS])
    goal = parser.parse_args().goal
    report = Report(LOG)
    environments.VENVS.mkdir(exist_ok=True)
    try:
        with (environments.VENVS / "lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)  # two calls at once: the second waits, then finds all done
            if goal in LOCKERS:
                LOCKERS[goal](report)
            else:
                install(GOALS[goal], report)
    except InstallError as problem:
        sys.stderr.write(f"\n{problem}\n")
        return 1
    except KeyboardInterrupt:
        sys.stderr.write("\ninterrupted; the same command goes on from here\n")
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main())
