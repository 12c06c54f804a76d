"""What a supervisor that was killed left running: found by the environment that every part carries."""

from __future__ import annotations

import signal
from collections.abc import Sequence

import psutil

from infra.local.part import Part
from streams.settings import Settings


def leftovers(settings: Settings) -> list[psutil.Process]:
    """Processes of this installation's parts, children included. Call it only when no supervisor runs."""
    home = str(settings.home)
    found = []
    for process in psutil.process_iter():
        try:
            environment = process.environ()
        except (psutil.Error, OSError):
            continue  # another user's, or gone meanwhile
        if environment.get("MINSHENG_HOME") == home and environment.get("MINSHENG_PART"):
            found.append(process)
    return found


def stop_leftovers(settings: Settings, parts: Sequence[Part], wait_seconds: float = 5) -> list[int]:
    """End them, each by its part's own signal and by force after `wait_seconds`; gives back their ids."""
    found = leftovers(settings)
    signals = {part.name: part.stop_signal for part in parts}
    for process in found:
        try:
            name = process.environ()["MINSHENG_PART"]
            process.send_signal(signal.Signals[f"SIG{signals.get(name, 'TERM')}"])
        except psutil.NoSuchProcess:
            continue
    _, still = psutil.wait_procs(found, timeout=wait_seconds)
    for process in still:
        try:
            process.kill()
        except psutil.NoSuchProcess:
            continue
    psutil.wait_procs(still, timeout=wait_seconds)
    return [process.pid for process in found]
