"""What a guess says of a column's type, before it has a name."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, NamedTuple


class Wrong(NamedTuple):
    """The form that every cell should have, and what is said of those that have it."""

    form: str
    said: str


@dataclass(frozen=True)
class Proposal:
    """value: SQL of the typed value. options: of the field. unit, form: what the importer must be told."""

    type: str
    value: str
    wrong: Wrong | None = None
    options: dict[str, Any] = field(default_factory=dict)
    evidence: tuple[str, ...] = ()
    unit: str | None = None
    form: str | None = None
