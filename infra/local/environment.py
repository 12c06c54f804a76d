"""The environment that every part of the stack runs in: little, and the same whoever starts it from where."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path

from infra.install.java import with_java

PASSED_ON = ("HOME", "USER", "TMPDIR", "SSL_CERT_FILE", "SSL_CERT_DIR")
SYSTEM_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


def stack_environment(caller: Mapping[str, str], java: Path | None) -> dict[str, str]:
    """What parts inherit of the environment of whoever calls: settings and a few variables of the system.

    Not PATH or anything of a terminal: the same call from another shell must not look like a change.
    """
    kept = {
        name: value for name, value in caller.items() if name in PASSED_ON or name.startswith("MINSHENG_")
    }
    kept.pop("MINSHENG_PART", None)
    path = f"{Path(sys.executable).parent}:{SYSTEM_PATH}"
    environment = {**kept, "LANG": "C.UTF-8", "PYTHONUNBUFFERED": "1", "PATH": path}
    return with_java(environment, java) if java else environment
