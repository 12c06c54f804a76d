"""What can go wrong in the simulator.

StreamsError
└── SimulatorError
    ├── RecipeError      a contract's `simulate` section cannot be followed
    ├── UnknownSource    no such contract is deployed
    ├── DayRefused       that day cannot be simulated: it is not over, or outside the acceptance window
    ├── AlreadyRunning   an endless simulation of this installation runs
    ├── PositionBroken   the file that says how far the endless simulation has come cannot be read
    ├── RegistryAway     PostgreSQL does not say which contracts are deployed
    ├── GatewayAway      the gateway takes nothing now
    └── SimulatedWrongly what should be right was refused, or what is faulty was not
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from streams.envelope import Reason
from streams.errors import StreamsError


class SimulatorError(StreamsError):
    """Base of the simulator's errors; the text says what, where, and what to do."""


class RecipeError(SimulatorError):
    """A recipe that cannot be followed."""

    def __init__(self, source: str, field: str, reason: str) -> None:
        super().__init__(f"contract {source}, simulate.{field}: {reason}")
        self.source, self.field, self.reason = source, field, reason


class UnknownSource(SimulatorError):
    """A source that is not deployed."""


class DayRefused(SimulatorError):
    """A day that cannot be simulated."""


class AlreadyRunning(SimulatorError):
    """Two endless simulations would send everything twice."""

    def __init__(self, file: Path) -> None:
        super().__init__(
            f"another simulator holds {file}: this installation's city is simulated already"
            " (`minsheng status`). Stop it first, or simulate one day: `minsheng simulate day`."
        )


class PositionBroken(SimulatorError):
    """The position of the endless simulation cannot be read."""

    def __init__(self, file: Path, error: Exception) -> None:
        super().__init__(
            f"{file} is not a position of the simulator ({error}). Delete it: today begins anew then,"
            " and what was sent already counts as duplicates."
        )


class RegistryAway(SimulatorError):
    """Which contracts are deployed cannot be read."""


class GatewayAway(SimulatorError):
    """The gateway does not answer, or does not take what it should."""


class SimulatedWrongly(SimulatorError):
    """The simulator and the judge disagree about an event."""

    def __init__(self, source: str, event_id: str, reasons: Iterable[Reason]) -> None:
        said = "; ".join(
            " ".join(filter(None, (reason.code, reason.field, reason.detail))) for reason in reasons
        )
        super().__init__(
            f"simulated event {event_id} of {source}: {said}. Its contract's `simulate` section makes values"
            " that its rules refuse, or a rule refuses nothing: correct the contract."
        )
