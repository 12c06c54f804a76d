"""Errors of the local stack.

LocalStackError
├── NotReady         something stands in the way of a start: ports, memory, disk, Java
├── SupervisorLost   the supervisor does not start, or does not answer
├── UnknownPart      there is no part of that name
└── PartFailed       a part did not become healthy in its time
"""

from __future__ import annotations


class LocalStackError(Exception):
    """What happened and, after it, what to do."""

    def __init__(self, what: str, remedy: str) -> None:
        super().__init__(f"{what}\n  what to do: {remedy}")


class NotReady(LocalStackError):
    """This machine cannot run what was asked for."""


class SupervisorLost(LocalStackError):
    """The supervisor cannot be talked to."""


class UnknownPart(LocalStackError):
    """No part has that name."""


class PartFailed(LocalStackError):
    """A part is not healthy; carries what it said last."""
