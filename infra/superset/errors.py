"""What can go wrong with the dashboards.

SupersetError
├── SupersetFailed    a script inside Superset's environment ended badly; the text is the end of what it said
└── SupersetMissing   there is no environment or no metadata database yet
"""

from __future__ import annotations


class SupersetError(Exception):
    """Something of Superset does not work; the text says what, where, and what to do next."""


class SupersetFailed(SupersetError):
    """A script inside Superset's environment ended badly."""


class SupersetMissing(SupersetError):
    """Superset's environment or its metadata database is not there."""
