"""What the local stack is made of: parts, each one process that a supervisor keeps alive."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path


def nothing_to_prepare() -> None:
    """For parts that need no preparation."""


@dataclass(frozen=True)
class Part:
    """One process of the stack.

    `prepare` is idempotent and runs before each start; `healthy` returns once the part really does its work
    and raises `NotHealthy` with what it saw otherwise; `needs` names the parts that must be healthy before.
    """

    name: str
    title: str
    command: tuple[str, ...]
    healthy: Callable[[], None]
    prepare: Callable[[], None] = nothing_to_prepare
    needs: tuple[str, ...] = ()
    environment: Mapping[str, str] = field(default_factory=dict)
    directory: Path = Path("/")
    start_seconds: int = 60
    stop_seconds: int = 15


class NotHealthy(Exception):
    """A part does not do its work yet (or no longer); the text says what was seen."""
