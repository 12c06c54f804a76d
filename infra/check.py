"""`python -m infra.check quick|everything`: lint, types and imports; tests, without servers or all.

What waits for nothing runs beside what waits for servers, and then the whole city's stack and the killing of
its parts, which mostly wait too: on two cores that is minutes.

A few tests with servers that failed are tried once more when the machine is quiet, and named if they pass
then (decision 145): a browser that waits too long for its turn says nothing about the product, and whoever
reads the name can look. Where a fault lost or doubled something, nothing is tried twice.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable, Mapping, Sequence
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
WITH_THE_STACK = ["-m", "stack or kills or faults_once", "-q"]
FRONT, STACK = "tests in front", "tests of stack"
TESTS_BESIDE = {"quick": {}, "everything": {"tests alone": WITHOUT_SERVERS, STACK: WITH_THE_STACK}}
TESTS = {"quick": WITHOUT_SERVERS, "everything": WITH_SERVERS}
TRIED_TWICE = 5
"""More failures than that are no bad luck."""
FAILED, FINDINGS = "cache/lastfailed", "minsheng/findings"
"""Where pytest's cache names tests that failed, and those after which numbers were wrong (tests/faults)."""
SOME_TESTS_FAILED = 1
"""Pytest's exit code when the tests ran to their end."""


@dataclass(frozen=True)
class Check:
    """What a check said, and its exit code."""

    name: str
    code: int
    seconds: float
    output: str

    @property
    def passed(self) -> bool:
        """Whether its exit code was 0."""
        return self.code == 0

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
    return Check(name, result.returncode, seconds, result.stdout + result.stderr)


def noting_failures(arguments: Sequence[str], cache: Path) -> list[str]:
    """The command of these tests; it notes in `cache` which of them failed."""
    return ["pytest", "-o", f"cache_dir={cache}", *arguments]


def noted_in(cache: Path, what: str = FAILED) -> list[str]:
    """The tests that pytest noted there."""
    noted = cache / "v" / what
    return sorted(json.loads(noted.read_text("utf-8"))) if noted.exists() else []


def worth_another_try(codes: Iterable[int], failed: Sequence[str], findings: Sequence[str]) -> bool:
    """Whether tests failed and nothing worse, they are few, and no fault was seen to make numbers wrong."""
    return 0 < len(failed) <= TRIED_TWICE and not findings and set(codes) <= {0, SOME_TESTS_FAILED}


def once_more(failed: Sequence[str], environment: Mapping[str, str]) -> bool:
    """Try these again, alone, and say which they are."""
    done = check("second try", ["pytest", "-p", "no:cacheprovider", "-q", *failed], environment)
    done.show()
    for each in failed:
        sys.stdout.write(f"  failed first{', then passed' if done.passed else ''}: {each}\n")
    return done.passed


def main(which: str) -> int:
    """Exit code 0 when every check passed, 1 otherwise."""
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
    with tempfile.TemporaryDirectory(prefix="minsheng-check-") as folder:
        return all_but_first(which, Path(folder), environment)


def all_but_first(which: str, caches: Path, environment: Mapping[str, str]) -> int:
    """The tests in front, everything else beside them; what failed there noted in `caches`."""
    lanes = {
        name: noting_failures(arguments, caches / name) for name, arguments in TESTS_BESIDE[which].items()
    }
    with ThreadPoolExecutor(max_workers=1) as pool:
        beside: list[Future[Check]] = [
            pool.submit(check, name, command, environment) for name, command in {**BESIDE, **lanes}.items()
        ]
        front = [sys.executable, "-m", *noting_failures(TESTS[which], caches / FRONT)]
        code = subprocess.run(front, cwd=REPOSITORY, env=environment, check=False).returncode
        checks = [future.result() for future in beside]
    for done in checks:
        done.show()
    serving = [done for done in checks if done.name == STACK]
    if not all(done.passed for done in checks if done not in serving) or which == "quick":
        return int(code != 0 or not all(done.passed for done in checks))
    codes = [code, *(done.code for done in serving)]
    failed, findings = (
        [*noted_in(caches / FRONT, what), *noted_in(caches / STACK, what)] for what in (FAILED, FINDINGS)
    )
    if worth_another_try(codes, failed, findings):
        return int(not once_more(failed, environment))
    return int(any(codes))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
