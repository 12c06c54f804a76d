"""`python -m infra.docker.start PART`: become the process of a part, as the local stack defines it."""

from __future__ import annotations

import fcntl
import os
import sys
from collections.abc import Sequence
from importlib import import_module

from infra.local.part import Part
from infra.start_line import say
from streams.settings import Settings, settings_or_exit

DEFINED = {
    "stream": "infra.local.stream_part:stream_part",
    "gateway": "infra.local.stream_part:gateway_part",
    "simulator": "infra.local.stream_part:simulator_part",
    "superset": "infra.superset.parts:parts",
    "airflow-api": "infra.airflow.parts:parts",
    "airflow-scheduler": "infra.airflow.parts:parts",
    "airflow-dag-processor": "infra.airflow.parts:parts",
    "airflow-triggerer": "infra.airflow.parts:parts",
}
"""Part -> the function that defines it, imported alone: no image has what all of them need."""


def part_named(settings: Settings, name: str) -> Part:
    """The definition of a part. Raises KeyError."""
    module, _, function = DEFINED[name].partition(":")
    found: Part | Sequence[Part] = getattr(import_module(module), function)(settings)
    parts = [found] if isinstance(found, Part) else found
    return {part.name: part for part in parts}[name]


def hold_lock(settings: Settings, name: str) -> None:
    """Hold `state/<name>.lock` for as long as this process lives, whatever it becomes.

    By it a later check knows that a port which is taken is taken by ourselves.
    """
    folder = settings.home / "state"
    if os.access(folder, os.W_OK):
        descriptor = os.open(folder / f"{name}.lock", os.O_RDWR | os.O_CREAT, 0o640)
        os.set_inheritable(descriptor, True)
        fcntl.flock(descriptor, fcntl.LOCK_SH)


def main(name: str) -> None:
    if name not in DEFINED:
        sys.stderr.write(f"no part is called {name!r}: there are {', '.join(DEFINED)}\n")
        raise SystemExit(2)
    settings = settings_or_exit()
    part = part_named(settings, name)
    environment = {**os.environ, **part.environment}
    hold_lock(settings, name)
    say(name, environment)
    part.directory.mkdir(parents=True, exist_ok=True)
    os.chdir(part.directory)
    os.execvpe(part.command[0], part.command, environment)  # noqa: S606 (a shell is not wanted)


if __name__ == "__main__":
    main(sys.argv[1])
