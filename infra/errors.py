"""Errors of what infra/ does to the platform's servers.

InfraError
├── DatabaseNotReady   a server by setting lacks something that only its administrator can give
├── DeploymentFailed   PostgreSQL refused a deployment; everything is as it was before
├── NotDeployed        a source that is to be retired is not deployed
├── NoSuchVersion      a source's history has no such version to go back to
└── CertificateWrong   the installation's own authority cannot sign: expired, unreadable, not its key

The installer, the local stack, Airflow and Superset have trees of their own in their packages.
"""

from __future__ import annotations


class InfraError(Exception):
    """Something could not be done; the text says what, where, and what to do."""


class DatabaseNotReady(InfraError):
    """A server by setting lacks something that only its administrator can give; the text says what."""


class NotDeployed(InfraError):
    """A source that is to be retired is not deployed."""


class DeploymentFailed(InfraError):
    """PostgreSQL refused a step of a deployment; everything is as it was before."""


class NoSuchVersion(InfraError):
    """A source's history has no such version."""


class CertificateWrong(InfraError):
    """The installation's own authority cannot sign."""
