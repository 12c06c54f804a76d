"""Why a day was not rolled up.

    RollupError                  something of the system is wrong; nothing was published
    ├── NotDeployed              there is no such source
    ├── ArchiveUnknown           Kafka does not tell how far a day goes: try again later
    ├── DayIncomplete            the archive does not hold all of the day yet: try again later
    ├── ReviewRefused            a backfill cannot be published or taken back as it is
    └── AlreadyRunning           another run has this day: try again later

An event that is wrong is never an error here: it is counted as quarantined. A gate that refuses is a result.
"""

from __future__ import annotations

from collections.abc import Iterable


class RollupError(Exception):
    """Nothing was published; the last good revision stands. `exit_code` is what a command line ends with."""

    exit_code = 1


class NotDeployed(RollupError):
    """No contract of that name is deployed."""

    exit_code = 2

    def __init__(self, source: str, deployed: Iterable[str]) -> None:
        names = ", ".join(sorted(deployed)) or "none; `minsheng contract deploy`"
        super().__init__(f"{source}: no such contract is deployed. Deployed are: {names}.")


class ArchiveUnknown(RollupError):
    """Kafka cannot be asked for offsets, so that nobody knows whether the archive holds all."""

    exit_code = 75  # EX_TEMPFAIL of sysexits.h


class DayIncomplete(RollupError):
    """The day is still running, or events of it are not archived yet."""

    exit_code = 75


class AlreadyRunning(RollupError):
    """Another run holds the lock of this source and day."""

    exit_code = 75


class ReviewRefused(RollupError):
    """A backfill is not what can be published or taken back: there is none, or others came after it."""

    exit_code = 3
