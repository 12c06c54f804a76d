"""What can go wrong in the simulator.

StreamsError
└── SimulatorError
    ├── RecipeError      a contract's `simulate` section cannot be followed
    ├── DayRefused       that day cannot be simulated: it is not over, or outside the acceptance window
    ├── PositionBroken   the file that says how far the endless simulation has come cannot be read
    └── GatewayAway      the gateway takes nothing now
"""

from __future__ import annotations

from pathlib import Path

from streams.errors import StreamsError


class SimulatorError(StreamsError):
    """Base of the simulator's errors; the text says what, where, and what to do."""


class RecipeError(SimulatorError):
    """A recipe that cannot be followed."""

    def __init__(self, source: str, field: str, reason: str) -> None:
        super().__init__(f"contract {source}, simulate.{field}: {reason}")
        self.source, self.field, self.reason = source, field, reason


class DayRefused(SimulatorError):
    """A day that cannot be simulated."""


class PositionBroken(SimulatorError):
    """The position of the endless simulation cannot be read."""

    def __init__(self, file: Path, error: Exception) -> None:
        super().__init__(
            f"{file} is not a position of the simulator ({error}). Delete it: today begins anew then,"
            " and what was sent already counts as duplicates."
        )


class GatewayAway(SimulatorError):
    """The gateway does not answer, or does not take what it should."""
