"""`python -m tests.compose`: the tests of this folder, on this machine's Docker engine or one made for them.

Exit code 77 where there is none and none can be made: nothing was tested, and the message says why.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from streams.settings import REPOSITORY
from tests.compose.engine import CannotRun, engine

NOT_RUN = 77


def main() -> int:
    work = Path(os.environ.get("MINSHENG_COMPOSE_WORK", REPOSITORY / "build" / "compose"))
    work.mkdir(parents=True, exist_ok=True)
    try:
        with engine(work) as found:
            pytest = [
                sys.executable,
                "-m",
                "pytest",
                "-m",
                "compose",
                "-s",
                "-v",
                "-x",
                "tests/compose",
                *sys.argv[1:],
            ]
            return subprocess.run(pytest, cwd=REPOSITORY, env=dict(found.environment), check=False).returncode
    except CannotRun as why:
        sys.stderr.write(f"NOT RUN: {why}\n")
        return NOT_RUN


if __name__ == "__main__":
    sys.exit(main())
