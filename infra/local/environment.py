"""The environment that every part of the stack runs in: little, and the same whoever starts it from where."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path

from infra.install.java import with_java
from infra.local.secrets import SET_BY_CALLER

PASSED_ON = ("HOME", "USER", "TMPDIR", "SSL_CERT_FILE", "SSL_CERT_DIR")
_KEPT_BACK = {"MINSHENG_PART", *(f"MINSHENG_{setting.upper()}" for setting in SET_BY_CALLER)}
SYSTEM_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


def stack_environment(caller: Mapping[str, str], java: Path | None) -> dict[str, str]:
    """What parts inherit of the environment of whoever calls: settings and a few variables of the system.

    Not the settings that are secrets: parts read those from their files.

    Not PATH or anything of a terminal: the same call from another shell must not look like a change.
    """
    kept = {
        name: value for name, value in caller.items() if name in PASSED_ON or name.startswith("MINSHENG_")
    }
    kept = {name: value for name, value in kept.items() if name.upper() not in _KEPT_BACK}
    path = f"{Path(sys.executable).parent}:{SYSTEM_PATH}"
    environment = {**kept, "LANG": "C.UTF-8", "PYTHONUNBUFFERED": "1", "PATH": path}
    return with_java(environment, java) if java else environment
