"""Finance's groups against the platform's. Pure: sums in, differences out, and they add up."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from infra.finance.lines import Key, Line


@dataclass(frozen=True)
class Group:
    """One key's sums; `rows`: of the file. None: the file does not say."""

    amount_fen: int | None
    count: int | None
    rows: tuple[int, ...] = ()


@dataclass(frozen=True)
class Event:
    """One event of the platform behind a difference. Personal fields are no part of it."""

    key: Key
    event_id: str
    sender: str
    event_time: str
    partition: int
    offset: int
    amount_fen: int | None


@dataclass(frozen=True)
class Difference:
    """A key whose sums differ. finance or platform is None where only the other has the key.

    events_total: the platform's events of the key, also where the file has no counts.
    """

    key: Key
    finance: Group | None
    platform: Group | None
    events_total: int

    @property
    def amount_fen(self) -> int | None:
        """Finance less platform; None where the file has no amounts."""
        return _less(self.finance, self.platform, "amount_fen")

    @property
    def count(self) -> int | None:
        """Finance less platform; None where the file has no counts."""
        return _less(self.finance, self.platform, "count")


def groups(lines: Iterable[Line]) -> dict[Key, Group]:
    """The lines of each key together: a correction (less than 0) is part of what it corrects."""
    found: defaultdict[Key, list[Line]] = defaultdict(list)
    for line in lines:
        found[line.key].append(line)
    return {
        key: Group(
            _sum(line.amount_fen for line in of_key),
            _sum(line.count for line in of_key),
            tuple(line.row for line in of_key),
        )
        for key, of_key in found.items()
    }


def compare(finance: Mapping[Key, Group], platform: Mapping[Key, Group]) -> list[Difference]:
    """The keys whose sums differ, by key. What the file does not say (amounts, counts) is not compared."""
    says_amount = any(group.amount_fen is not None for group in finance.values()) or not finance
    says_count = any(group.count is not None for group in finance.values()) or not finance
    found = []
    for key in sorted(finance.keys() | platform.keys()):
        one, other = finance.get(key), platform.get(key)
        total = (other.count if other else None) or 0
        difference = Difference(key, one, _said(other, says_amount, says_count), total)
        alike = one is not None and other is not None and not difference.amount_fen and not difference.count
        if not alike and not (_nothing(one) and _nothing(other)):
            found.append(difference)
    return found


def _said(group: Group | None, amount: bool, count: bool) -> Group | None:
    if group is None:
        return None
    return Group(group.amount_fen if amount else None, group.count if count else None)


def _nothing(group: Group | None) -> bool:
    """Lines that cancel each other out, or a county that had nothing to pay, are nothing to look for."""
    return group is None or (not group.amount_fen and not group.count)


def _less(one: Group | None, other: Group | None, name: str) -> int | None:
    left = None if one is None else getattr(one, name)
    right = None if other is None else getattr(other, name)
    if left is None and right is None:
        return None
    return (left or 0) - (right or 0)


def _sum(parts: Iterable[int | None]) -> int | None:
    known = [part for part in parts if part is not None]
    return sum(known) if known else None
