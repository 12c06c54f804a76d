"""Errors of what infra/ does to the platform's servers.

InfraError
├── DatabaseNotReady   a server by setting lacks something that only its administrator can give
└── NotDeployed        a source that is to be retired is not deployed

The installer, the local stack, Airflow and Superset have trees of their own in their packages.
"""

from __future__ import annotations


class InfraError(Exception):
    """Something could not be done; the text says what, where, and what to do."""


class DatabaseNotReady(InfraError):
    """A server by setting lacks something that only its administrator can give; the text says what."""


class NotDeployed(InfraError):
    """A source that is to be retired is not deployed."""
