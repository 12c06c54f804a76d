"""Errors of the local stack.

LocalStackError
├── NotReady         something stands in the way of a start: ports, memory, disk, Java
├── SupervisorLost   the supervisor does not start, or does not answer
├── UnknownPart      there is no part of that name
├── PartFailed       a part did not become healthy in its time
└── DemoStopped      a step of the demonstration did not come to its end

Beside it, what a part that comes up says of itself; nobody outside the stack sees these:

NotHealthy           a part does not do its work yet, or no longer
StartGivenUp         a part is not waited for any more
├── NeedFailed       ... as one that it needs is not healthy
└── Cancelled        ... as the caller gave up
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


class DemoStopped(LocalStackError):
    """A step of the demonstration did not come to its end."""


class NotHealthy(Exception):
    """A part does not do its work yet (or no longer); the text says what was seen."""


class StartGivenUp(Exception):
    """A part is not waited for any more."""


class NeedFailed(StartGivenUp):
    """A part that this one needs is not healthy."""


class Cancelled(StartGivenUp):
    """The caller gave up; what runs keeps running."""
