"""`python -m tests.benchmarks`: every benchmark that the platform has to reach, one after the other."""

from __future__ import annotations

import subprocess
import sys

# The targets: catch-up, sixteen contracts against one, paced at the city's own pace, at 20,000 and at 50,000
# events/s, a day of two million, and what the whole stack takes.
RUNS = (
    ("tests.benchmarks.judge_throughput",),
    ("tests.benchmarks.live", "catchup"),
    ("tests.benchmarks.live", "many"),
    ("tests.benchmarks.live", "deploy-gap"),
    ("tests.benchmarks.live", "paced", "--rate", "150"),
    ("tests.benchmarks.live", "paced", "--rate", "20000"),
    ("tests.benchmarks.live", "paced", "--rate", "50000"),
    # Ten thousand events of each contract, before the judge, the judge within Spark, and Great Expectations.
    ("pytest", "-q", "tests/contracts/test_engines.py", "--corpus-events", "10000"),
    ("tests.benchmarks.rollup",),
    ("tests.benchmarks.walk",),
    ("tests.benchmarks.walk", "--xlsx"),
    ("tests.benchmarks.stack",),
)


def main() -> int:
    """Exit code 1 when a run failed or was void; the others are still run."""
    failed = [run for run in RUNS if subprocess.run([sys.executable, "-m", *run], check=False).returncode]
    for run in failed:
        sys.stderr.write(f"failed: python -m {' '.join(run)}\n")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
