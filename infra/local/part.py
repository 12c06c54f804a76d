"""What the local stack is made of: parts, each one process that a supervisor keeps alive."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

STOP_SECONDS = 5
"""What every process gets between the signal to stop and being killed, which none of them loses anything by.

Two rounds of it, users and then servers, are what `minsheng down` may take.
"""


def nothing_to_do() -> None:
    """For parts that need no preparation."""


@dataclass(frozen=True)
class Part:
    """One process of the stack.

    `prepare` is idempotent and runs before each start; `healthy` returns once the part really does its work
    and raises `NotHealthy` with what it saw otherwise; `afterwards` is idempotent and runs each time the part
    has become healthy, before those that need it start. `needs` names the parts that must be healthy before.

    `ports` are the loopback ports that it will listen on, by the setting that moves each of them;
    `memory_mib` is what it was seen to take, asked for before anything starts.
    `on_demand` parts start only when they are named. `stops_group`: whether the signal to stop goes to the
    children too (PostgreSQL must stop its own); what is left after STOP_SECONDS is killed with them.
    """

    name: str
    title: str
    command: tuple[str, ...]
    healthy: Callable[[], None]
    prepare: Callable[[], None] = nothing_to_do
    afterwards: Callable[[], None] = nothing_to_do
    needs: tuple[str, ...] = ()
    environment: Mapping[str, str] = field(default_factory=dict)
    directory: Path = Path("/")
    ports: Mapping[str, int] = field(default_factory=dict)
    memory_mib: int = 200
    start_seconds: int = 60
    stop_signal: str = "TERM"
    stops_group: bool = True
    on_demand: bool = False
