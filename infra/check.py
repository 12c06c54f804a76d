"""`python -m infra.check quick|everything`: lint, types and imports; tests, without servers or all.

What waits for nothing runs beside what waits for servers, and then the whole city's stack and the killing of
its parts, which mostly wait too: on two cores that is minutes.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from infra.install.java import find_java, with_java
from infra.install.machine import REPOSITORY

FIRST = {
    "ruff check": ["ruff", "check", "--quiet"],
    "ruff format": ["ruff", "format", "--check", "--quiet"],
}
BESIDE = {
    "mypy": ["mypy", "--no-error-summary"],
    "lint-imports": ["lint-imports", "--no-logo"],
}
WITHOUT_SERVERS = ["-m", "not servers and not stack and not faults and not compose", "-q"]
WITH_SERVERS = ["-m", "servers and not stack and not faults", "--durations=25"]
WITH_THE_STACK = ["-m", "stack or kills", "-q"]
BESIDE_PYTEST = ["pytest", "-p", "no:cacheprovider"]
TESTS_BESIDE = {
    "quick": {},
    "everything": {
        "tests alone": [*BESIDE_PYTEST, *WITHOUT_SERVERS],
        "tests of stack": [*BESIDE_PYTEST, *WITH_THE_STACK],
    },
}
TESTS = {"quick": WITHOUT_SERVERS, "everything": WITH_SERVERS}


@dataclass(frozen=True)
class Check:
    """What a check said, and whether it passed."""

    name: str
    passed: bool
    seconds: float
    output: str

    def show(self) -> None:
        """One line; everything that it said if it failed."""
        word = "passed" if self.passed else "failed"
        sys.stdout.write(f"  {self.name:<14} {word}  {self.seconds:5.1f} s\n")
        if not self.passed:
            sys.stdout.write(self.output)
        sys.stdout.flush()


def check(name: str, command: Sequence[str], environment: Mapping[str, str]) -> Check:
    """Run one of them to its end."""
    started = time.monotonic()
    program = str(Path(sys.executable).with_name(command[0]))
    result = subprocess.run(
        [program, *command[1:]], cwd=REPOSITORY, env=environment, capture_output=True, text=True, check=False
    )
    seconds = time.monotonic() - started
    return Check(name, result.returncode == 0, seconds, result.stdout + result.stderr)


def main(which: str) -> int:
    """Exit code 1 when a check fails; otherwise that of the tests in front."""
    java = find_java(os.environ)
    environment = with_java(os.environ, java) if java else dict(os.environ)
    if which == "everything":
        seed = environment.setdefault("FAULTS_SEED", str(int(time.time())))
        sys.stdout.write(f"  FAULTS_SEED={seed} tries the same faults again\n")
    for name, command in FIRST.items():
        done = check(name, command, environment)
        done.show()
        if not done.passed:
            return 1
    with ThreadPoolExecutor(max_workers=1) as pool:
        beside: list[Future[Check]] = [
            pool.submit(check, name, command, environment)
            for name, command in {**BESIDE, **TESTS_BESIDE[which]}.items()
        ]
        pytest = [sys.executable, "-m", "pytest", *TESTS[which]]
        code = subprocess.run(pytest, cwd=REPOSITORY, env=environment, check=False).returncode
        checks = [future.result() for future in beside]
    for done in checks:
        done.show()
    return code or int(not all(done.passed for done in checks))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
