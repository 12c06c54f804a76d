"""What a check looks at and what it gives back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from typing import Literal

import psycopg

from infra.install.machine import Machine
from infra.local.part import Part
from streams.settings import Settings

Level = Literal["fine", "warning", "wrong"]


@dataclass(frozen=True)
class Finding:
    """What a check saw. `remedy` says what to do, and is empty when all is fine."""

    level: Level
    says: str
    remedy: str = ""

    def as_json(self) -> dict[str, str]:
        return asdict(self)


def fine(says: str) -> Finding:
    """Nothing to do."""
    return Finding("fine", says)


def warning(says: str, remedy: str) -> Finding:
    """It works, and will bite one day."""
    return Finding("warning", says, remedy)


def wrong(says: str, remedy: str) -> Finding:
    """It does not work until something is done."""
    return Finding("wrong", says, remedy)


@dataclass(frozen=True)
class Place:
    """An installation on a machine at a moment: all that a check may look at."""

    settings: Settings
    machine: Machine
    environment: Mapping[str, str]
    parts: Sequence[Part] = ()
    now: datetime = field(default_factory=lambda: datetime.now(UTC))

    def database(self) -> psycopg.Connection:
        """Raises psycopg.OperationalError where it does not answer soon, and FileNotFoundError before there
        is a password."""
        return psycopg.connect(self.settings.postgres_dsn, connect_timeout=3)
