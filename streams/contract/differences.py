"""What two versions of a contract say differently. Pure: two contracts in, the differences out."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from streams.contract.model import Contract


@dataclass(frozen=True)
class Difference:
    """One thing that is said differently: its path, dotted, and both values as JSON; None: not said."""

    path: str
    old: Any
    new: Any

    def __str__(self) -> str:
        if self.old is None:
            return f"{self.path}: {self.new} (new)"
        return (
            f"{self.path}: {self.old} (gone)"
            if self.new is None
            else f"{self.path}: {self.old} -> {self.new}"
        )


def differences(old: Contract, new: Contract) -> list[Difference]:
    """Every difference, in the order of the contract's sections; layout and written defaults are none."""
    return list(_compared((), _said(old), _said(new)))


def _said(contract: Contract) -> dict[str, Any]:
    return contract.model_dump(mode="json", exclude_defaults=True)


def _compared(path: tuple[str, ...], old: Any, new: Any) -> Iterator[Difference]:
    if isinstance(old, Mapping) and isinstance(new, Mapping):
        for key in dict.fromkeys((*old, *new)):
            yield from _compared((*path, key), old.get(key), new.get(key))
    elif old != new:
        yield Difference(".".join(path), old, new)
