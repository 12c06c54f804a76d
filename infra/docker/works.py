"""`python -m infra.docker.works PART`: exit code 0 when a part does its work, as the local stack asks it.

For parts whose health is more than an answer; the others are asked by healthy.py, which costs less.
"""

from __future__ import annotations

import sys

from infra.local.errors import NotHealthy
from infra.local.stream_part import check_simulator, check_stream
from streams.settings import settings_or_exit

ASKED = {"stream": check_stream, "simulator": check_simulator}


def main(name: str) -> int:
    try:
        ASKED[name](settings_or_exit())
    except NotHealthy as problem:
        sys.stdout.write(f"{problem}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
