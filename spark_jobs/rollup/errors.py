"""Why a day was not rolled up.

    RollupError                  something of the system is wrong; nothing was published
    ├── NotDeployed              there is no such source
    ├── DayIncomplete            the archive does not hold all of the day yet: try again later
    └── AlreadyRunning           another run has this day: try again later

An event that is wrong is never an error here: it is counted as quarantined. A gate that refuses is a result.
"""

from __future__ import annotations


class RollupError(Exception):
    """Nothing was published; the last good revision stands. `exit_code` is what a command line ends with."""

    exit_code = 1


class NotDeployed(RollupError):
    """No contract of that name is deployed."""

    exit_code = 2


class DayIncomplete(RollupError):
    """The day is still running, or events of it are not archived yet."""

    exit_code = 75  # EX_TEMPFAIL of sysexits.h


class AlreadyRunning(RollupError):
    """Another run holds the lock of this source and day."""

    exit_code = 75
