"""Errors of the work in quarantine.

InfraError
└── QuarantineError
    ├── NoSuchEvent        no event of that number is in quarantine
    │   └── NoSuchConflict ... or in conflict with another
    ├── NothingSelected    a change was asked for without saying of which events
    ├── OriginalForbidden  originals are shown to those only who can read the secret `originals`
    └── OriginalLost       neither the lake nor Kafka has the record any more
"""

from __future__ import annotations

from infra.errors import InfraError


class QuarantineError(InfraError):
    """Something in quarantine could not be shown or done."""


class NoSuchEvent(QuarantineError):
    """No event of that number is in quarantine."""


class NoSuchConflict(NoSuchEvent):
    """There is no conflict of that number."""


class NothingSelected(QuarantineError):
    """A change was asked for without saying of which events."""


class OriginalForbidden(QuarantineError):
    """Who asked has no right to see originals."""


class OriginalLost(QuarantineError):
    """The record is gone from lake and Kafka."""
