"""`python -m tests.faults --rounds N --seed S`: every fault many times, with long outages; prints figures."""

from __future__ import annotations

import argparse
import json
import math
import os
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from pathlib import Path
from statistics import median

from streams.settings import REPOSITORY
from tests.faults.timing import REPORT

Found = dict[tuple[str, float], list[float]]


def main(arguments: list[str]) -> int:
    """Exit code 1 when any round has failed."""
    parser = argparse.ArgumentParser(prog="python -m tests.faults", description=__doc__)
    parser.add_argument("--rounds", type=int, default=3, help="how often each fault is tried (3)")
    parser.add_argument(
        "--seed", type=int, default=int(time.time()), help="of the first round; then one more each"
    )
    parser.add_argument("--rate", type=float, default=150, help="events a second (150, the city's pace)")
    parser.add_argument("-k", dest="only", default="", help="only tests whose name matches, as pytest has it")
    chosen = parser.parse_args(arguments)
    failed = 0
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder) / "report"
        report.touch()
        for number in range(chosen.rounds):
            seed = chosen.seed + number
            sys.stdout.write(f"round {number + 1} of {chosen.rounds}: FAULTS_SEED={seed}\n")
            sys.stdout.flush()
            own = {"FAULTS_SEED": seed, "FAULTS_LONG": 1, "FAULTS_RATE": chosen.rate, REPORT: report}
            environment = {**os.environ, **{name: str(value) for name, value in own.items()}}
            command = [
                sys.executable,
                "-m",
                "pytest",
                "-q",
                "-m",
                "faults",
                "tests",
                *(["-k", chosen.only] if chosen.only else []),
            ]
            failed += subprocess.run(command, cwd=REPOSITORY, env=environment, check=False).returncode != 0
        sys.stdout.write(figures(report))
    sys.stdout.write(f"{chosen.rounds - failed} rounds passed, {failed} failed\n")
    return int(failed > 0)


def figures(report: Path) -> str:
    """A line for each fault: seconds until caught up, median and longest."""
    found: Found = defaultdict(list)
    for line in report.read_text(encoding="utf-8").splitlines():
        each = json.loads(line)
        found[each["fault"], each["rate"]].append(each["seconds"] or math.inf)
    lines = [
        f"{median(seconds):7.1f} s  longest {max(seconds):7.1f} s  of {len(seconds)}"
        f"  at {rate:5.0f} events/s  {fault}\n"
        for (fault, rate), seconds in found.items()
    ]
    return "".join(["seconds until caught up\n", *lines])


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
