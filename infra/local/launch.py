"""`python launch.py DEFINITIONS NAME`: become the process of a part, exactly as it was written down.

Supervisor's own configuration cannot carry every text (quotes, " #", line breaks in an environment), and a
definition must not be cut short in silence: arguments and environment come from a JSON file instead. This
file imports nothing but the standard library, so that it costs 20 ms; it replaces itself, so that signals
arrive.
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path


def main(definitions: str, name: str) -> None:
    part = json.loads(Path(definitions).read_text(encoding="utf-8"))[name]
    if part.get("says"):
        sys.stderr.write(f"{part['says']}\n")
        sys.stderr.flush()
    os.chdir(part["directory"])
    os.execvpe(part["command"][0], part["command"], part["environment"])  # noqa: S606 (a shell is not wanted)


if __name__ == "__main__":
    main(*sys.argv[1:])
