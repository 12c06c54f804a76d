"""What every process of the platform says first in its log: its version, and the settings it runs with."""

from __future__ import annotations

import re
import sys
import tomllib
from collections.abc import Mapping
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[1] / "pyproject.toml"
_SETTING = re.compile(r"\A(?:MINSHENG|KAFKA)_")
_SECRET = re.compile("PASSWORD|SECRET|TOKEN|_KEY")


def version() -> str:
    """The platform's version, as pyproject.toml has it."""
    return str(tomllib.loads(PROJECT.read_text(encoding="utf-8"))["project"]["version"])


def start_line(part: str, environment: Mapping[str, str]) -> str:
    """One line: version, part, and every setting that is not at its default, secrets by name only."""
    said = " ".join(
        f"{name}={'(secret)' if _SECRET.search(name) else repr(value)}"
        for name, value in sorted(environment.items())
        if _SETTING.match(name)
    )
    rest = "every other setting has its default" if said else "every setting has its default"
    return f"minsheng {version()}, {part}: {f'{said}; ' if said else ''}{rest}"


def say(part: str, environment: Mapping[str, str]) -> None:
    """Write that line to standard output now: what becomes of this process next has buffers of its own."""
    sys.stdout.write(f"{start_line(part, environment)}\n")
    sys.stdout.flush()
