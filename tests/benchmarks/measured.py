"""`python -m tests.benchmarks.measured ANSWER COMMAND ...`: what a command and all that it starts take.

The JVM of a Spark application ends after the Python that started it, whose parent would never be told what it
took: this process adopts what is left over, waits for it, and writes seconds and CPU seconds to ANSWER.
"""

from __future__ import annotations

import ctypes
import json
import os
import resource
import subprocess
import sys
import time
from pathlib import Path

PR_SET_CHILD_SUBREAPER = 36  # prctl(2)


def main(answer: str, *command: str) -> int:
    ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    begun = time.monotonic()
    code = subprocess.run(command, check=False).returncode
    wall = time.monotonic() - begun
    while True:
        try:
            os.wait()
        except ChildProcessError:
            break
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    measured = {"wall": wall, "cpu": used.ru_utime + used.ru_stime, "peak_mib": used.ru_maxrss // 1024}
    Path(answer).write_text(json.dumps(measured), encoding="ascii")
    return code


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
