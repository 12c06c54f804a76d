"""What the client raises.

MinshengError
├── GatewayAway      not acknowledged in time: the same events may be sent again
├── RequestRefused   the gateway refused a whole request
│   └── KeyRefused   the API key is missing, wrong or revoked
└── EventRefused     an event was refused; only from Verdict.raise_if_refused
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .event import Event, Verdict


class MinshengError(Exception):
    """Anything that the client raises about the gateway and its answers."""


class GatewayAway(MinshengError):
    """The gateway did not acknowledge within the client's patience.

    events: those that were not acknowledged. Some may have arrived: sent again as they are, each counts once.
    """

    def __init__(self, message: str, events: Sequence[Event]) -> None:
        super().__init__(message)
        self.events = tuple(events)


class RequestRefused(MinshengError):
    """The gateway refused a request as a whole: HTTP status, its code, and its reason in Chinese."""

    def __init__(self, status: int, code: str, reason: str) -> None:
        super().__init__(f"{status} {code}: {reason}")
        self.status = status
        self.code = code
        self.reason = reason


class KeyRefused(RequestRefused):
    """The API key is missing, wrong or revoked: ask the platform's administrator."""


class EventRefused(MinshengError):
    """The gateway refused an event; `verdict` says why."""

    def __init__(self, verdict: Verdict) -> None:
        super().__init__("；".join(f"{reason.code}: {reason.text}" for reason in verdict.reasons))
        self.verdict = verdict
