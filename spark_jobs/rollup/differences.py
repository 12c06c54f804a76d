"""Why a published day is not what live has counted: every event of the difference under one cause. Pure.

The live query claims the events that it counts (`ops.claim`); the rollup reads all records of the day from
the lake and decides anew. Both sets are known by position, so each event of the difference has a cause that
was looked up, not guessed, and the rows add up to the difference by construction: what none of the causes
names is a row of its own, `unexplained`, and an alarm.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, get_args

from streams.judge.uniqueness import CODE as UNIQUE_CODE

Cause = Literal[
    "late", "unread", "duplicate", "conflict", "forgotten", "replayed", "contract", "unique", "unexplained"
]
CAUSES: tuple[Cause, ...] = get_args(Cause)
PARTITION_SHIFT = 40
OFFSET = (1 << PARTITION_SHIFT) - 1
"""A position is partition << 40 | offset, as in ops.claim."""
COUNTED = "counted"
REJECTED = "rejected"
MOST_EXAMPLES = 20
BEARERS: tuple[Cause, ...] = ("late", "contract", "unique", "conflict", "forgotten")
"""Whose events may have values that the rollup could not read; the first of them bears what is left over."""

Sums = Mapping[str, int]
"""Summed field -> its sum."""


@dataclass(frozen=True)
class Totals:
    """A day's events, and the sums of its fields of which a metric has a sum."""

    events: int
    sums: Sums


@dataclass(frozen=True)
class Judged:
    """One record of the day as the rollup judged it.

    position: partition << 40 | offset. outcome: counted, duplicate, conflict, rejected or unique:<rule>.
    values: summed field -> value; None where the event could not be read.
    """

    position: int
    claim: bytes | None
    outcome: str
    values: Sums | None


@dataclass(frozen=True)
class Held:
    """A record that live put into quarantine: whether it was replayed, whether for its uniqueness alone."""

    replayed: bool
    unique: bool


@dataclass(frozen=True)
class Entry:
    """One event whose fate differs: sign is +1 where only the rollup counts it, -1 where only live does, and
    0 where both count its id, at another position. values: what it adds; None where nobody could read it."""

    cause: Cause
    sign: Literal[-1, 0, 1]
    position: int
    values: Sums | None = None


@dataclass(frozen=True)
class Reached:
    """Partition -> the first offset that live has not judged, and that the lake may not hold, as of now."""

    live: Mapping[int, int]
    lake: Mapping[int, int]


@dataclass(frozen=True)
class Difference:
    """One row: published = live + the sum of all rows. examples: some of the positions."""

    cause: Cause
    events: int
    sums: Sums
    examples: tuple[int, ...] = ()


@dataclass(frozen=True)
class Findings:
    """What was found out about a day while its records were at hand.

    live: what live had counted at that moment. entries: each event whose fate differs. forgotten: the most
    events that live may have counted again because it has forgotten the day's ids; 0 while it knows them.
    """

    live: Totals
    entries: tuple[Entry, ...]
    forgotten: int = 0


def entries(
    live: Mapping[int, bytes], records: Iterable[Judged], held: Mapping[int, Held], reached: Reached
) -> Iterator[Entry]:
    """The events that only one of the two counted, or both at another position.

    live: position -> id of the events that live counted. records: every record that the rollup counted, and
    what it made of each that only live did. held: the quarantine, by position.
    """
    best: dict[int, Judged] = {}
    for record in records:  # the lake may hold a record twice: the one that counts says what became of it
        if record.position not in best or record.outcome == COUNTED:
            best[record.position] = record
    final = {record.position for record in best.values() if record.outcome == COUNTED}
    only_live = {claim: position for position, claim in live.items() if position not in final}
    for position in sorted(final - live.keys()):
        record = best[position]
        if record.claim in only_live:
            yield Entry("conflict", 0, position, _change(best.get(only_live.pop(record.claim)), record))
        else:
            yield Entry(_gained(position, held, reached), 1, position, record.values)
    for position in sorted(only_live.values()):
        lost = best.get(position)
        yield Entry(_lost(position, lost, reached), -1, position, None if lost is None else lost.values)


def _change(live: Judged | None, final: Judged) -> Sums | None:
    """What it changes that another copy of an event counts."""
    if live is None or live.values is None or final.values is None:
        return None
    before = live.values
    return {name: value - before.get(name, 0) for name, value in final.values.items()}


def _gained(position: int, held: Mapping[int, Held], reached: Reached) -> Cause:
    if position in held:
        if held[position].replayed:
            return "replayed"
        return "unique" if held[position].unique else "contract"
    return "unread" if _beyond(position, reached.live) else "unexplained"


def _lost(position: int, record: Judged | None, reached: Reached) -> Cause:
    if record is None:
        return "late" if _beyond(position, reached.lake) else "unexplained"
    if record.outcome.startswith(UNIQUE_CODE):
        return "unique"
    known: dict[str, Cause] = {"duplicate": "duplicate", "conflict": "conflict", REJECTED: "contract"}
    return known.get(record.outcome, "unexplained")


def _beyond(position: int, reached: Mapping[int, int]) -> bool:
    return position & OFFSET >= reached.get(position >> PARTITION_SHIFT, 0)


def differences(found: Findings, final: Totals) -> tuple[Difference, ...]:
    """Rows that add up: `final` = `found.live` + their sum, in events and in every field of both.

    The sums of events that the rollup has not read, or could not read, are what is left over (`BEARERS`).
    Rows of nothing are left out.
    """
    events: Counter[Cause] = Counter()
    unread: Counter[Cause] = Counter()
    sums: dict[Cause, Counter[str]] = {cause: Counter() for cause in CAUSES}
    examples: dict[Cause, list[int]] = {cause: [] for cause in CAUSES}
    for entry in found.entries:
        events[entry.cause] += entry.sign
        examples[entry.cause].append(entry.position)
        unread[entry.cause] += entry.values is None
        for name, value in (entry.values or {}).items():
            # A copy with another content brings the change itself.
            sums[entry.cause][name] += value * (entry.sign or 1)
    left = final.events - found.live.events - events.total()
    again = min(max(-left, 0), found.forgotten)
    events["forgotten"] -= again
    unread["forgotten"] += again
    events["unexplained"] += left + again
    fields = sorted(final.sums.keys() & found.live.sums.keys())
    for field in fields:
        named = sum(each[field] for each in sums.values())
        rest = final.sums[field] - found.live.sums[field] - named
        sums[_bearer(unread)][field] += rest
    return tuple(_rows(events, sums, examples, fields))


def _bearer(unread: Mapping[Cause, int]) -> Cause:
    return next((cause for cause in BEARERS if unread[cause]), "unexplained")


def _rows(
    events: Mapping[Cause, int],
    sums: Mapping[Cause, Counter[str]],
    examples: Mapping[Cause, Sequence[int]],
    fields: Sequence[str],
) -> Iterator[Difference]:
    for cause in CAUSES:
        of_fields = {field: sums[cause][field] for field in fields}
        if events.get(cause) or any(of_fields.values()):
            yield Difference(cause, events.get(cause, 0), of_fields, tuple(examples[cause][:MOST_EXAMPLES]))
