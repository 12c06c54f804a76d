"""Why events in quarantine were not replayed.

    ReplayError
    └── Stale      judged by a contract, or in a state, that is the one of before: to be judged again

What still is not right is no error: it stays in quarantine, and the report says why.
"""

from __future__ import annotations


class ReplayError(Exception):
    """Nothing of the piece under way was counted; what was reported before stands."""


class Stale(ReplayError):
    """Something changed between judging and counting: try again."""
