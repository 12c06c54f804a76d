"""`python -m infra.check quick|everything`: lint, types and imports; then tests, without servers or all."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

from infra.install.java import find_java, with_java
from infra.install.machine import REPOSITORY

CHECKS = {
    "ruff check": ["ruff", "check", "--quiet"],
    "ruff format": ["ruff", "format", "--check", "--quiet"],
    "mypy": ["mypy", "--no-error-summary"],
    "lint-imports": ["lint-imports", "--no-logo"],
}
TESTS = {"quick": ["-m", "not servers and not stack", "-q"], "everything": []}


def run_checks(programs: Path) -> bool:
    """Run every check, show what each of the failing ones says; whether all passed."""
    passed = True
    for name, (program, *arguments) in CHECKS.items():
        started = time.monotonic()
        command = [str(programs / program), *arguments]
        result = subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, check=False)
        word = "failed" if result.returncode else "passed"
        sys.stdout.write(f"  {name:<14} {word}  {time.monotonic() - started:5.1f} s\n")
        if result.returncode:
            sys.stdout.write(result.stdout + result.stderr)
            passed = False
        sys.stdout.flush()
    return passed


def main(which: str) -> int:
    """Exit code 1 when a check fails; otherwise pytest's own, whose lines are the last."""
    if not run_checks(Path(sys.executable).parent):
        return 1
    java = find_java(os.environ)
    environment = with_java(os.environ, java) if java else dict(os.environ)
    pytest = [sys.executable, "-m", "pytest", *TESTS[which]]
    return subprocess.run(pytest, cwd=REPOSITORY, env=environment, check=False).returncode


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
