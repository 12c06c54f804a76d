"""How far the endless simulation has come, so that a restart goes on where it stopped."""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import NamedTuple

from streams.settings import Settings
from streams.simulator.errors import AlreadyRunning, PositionBroken


class Progress(NamedTuple):
    """Of one source. until: everything before this instant (microseconds since 1970 UTC) was acknowledged.

    since: the first day that was simulated; no late events come from days before.
    """

    until: int
    since: date


def position_file(settings: Settings) -> Path:
    """Where an installation's endless simulation keeps its position, every second or so while it sends."""
    return settings.home / "simulator" / "position.json"


@dataclass(frozen=True)
class Position:
    """The file that keeps the progress of every source.

    It belongs to a seed and a scale: under others it says nothing. Written by renaming, so that a crash
    leaves the old one or the new one.
    """

    file: Path
    seed: int
    scale: float

    def read(self) -> dict[str, Progress]:
        """Progress by source; empty where there is none, or one of another seed or scale.

        Raises PositionBroken.
        """
        try:
            kept = json.loads(self.file.read_text(encoding="ascii"))
            if (kept["seed"], kept["scale"]) != (self.seed, self.scale):
                return {}
            return {
                str(source): Progress(int(until), date.fromisoformat(since))
                for source, (until, since) in kept["sources"].items()
            }
        except FileNotFoundError:
            return {}
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise PositionBroken(self.file, error) from error

    @contextmanager
    def held(self) -> Iterator[None]:
        """Keep others from simulating with this position. Raises AlreadyRunning."""
        self.file.parent.mkdir(parents=True, exist_ok=True)
        with self.file.with_suffix(".lock").open("w") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError as error:
                raise AlreadyRunning(self.file) from error
            yield

    def write(self, progress: dict[str, Progress]) -> None:
        """Keep this progress."""
        self.file.parent.mkdir(parents=True, exist_ok=True)
        sources = {source: (until, since.isoformat()) for source, (until, since) in progress.items()}
        beside = self.file.with_suffix(".new")
        with beside.open("w", encoding="ascii") as out:
            json.dump({"seed": self.seed, "scale": self.scale, "sources": sources}, out)
            out.flush()
            os.fsync(out.fileno())
        beside.replace(self.file)
