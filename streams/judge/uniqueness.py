"""Which accepted events break a rule of uniqueness. Pure: keys in, the rule that each event breaks out.

The judge gives every accepted event a key for each of its contract's rules (`u0`.., 16 bytes, null where the
rule does not apply): a hash of the rule's name, the period and the values of its fields. Two events with the
same key are about the same thing. What is decided here is who came first; it serves the daily rollup, the dry
run and the tests, and is what the live query's claims must agree with.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from streams.contract.model import Contract

CODE = "unique:"
"""A reason's code that begins so is followed by the name of one of the contract's rules of uniqueness."""

KEY = pa.binary(16)
Period = Literal["day", "month", "year", "ever"]


@dataclass(frozen=True)
class UniqueKey:
    """One rule as the judge's output has it: its keys stand in `column` of the verdicts."""

    name: str
    column: str
    per: Period
    times: int

    @property
    def code(self) -> str:
        """The code of the reason of an event that breaks the rule."""
        return CODE + self.name


def unique_keys(contract: Contract) -> tuple[UniqueKey, ...]:
    """The contract's rules, in the order in which they are asked."""
    return tuple(
        UniqueKey(name, f"u{index}", rule.per, rule.times)
        for index, (name, rule) in enumerate(contract.unique.items())
    )


def in_order(events: pa.Table) -> pa.Table:
    """The events from the first received to the last: by received time, then by place in the topic."""
    return events.sort_by([("received_at", "ascending"), ("partition", "ascending"), ("offset", "ascending")])


@dataclass(frozen=True)
class Asked:
    """One rule put to events: `rows` are those that it applies to, ascending. `keys` has every key once,
    `codes` each row's place in it, `before` how many events let each row's key through before it.
    """

    rule: UniqueKey
    rows: np.ndarray
    keys: pa.Array
    codes: np.ndarray
    before: np.ndarray

    @property
    def broken(self) -> np.ndarray:
        """Which of `rows` break the rule."""
        return self.before >= self.rule.times


def ask(
    events: pa.Table, rules: Sequence[UniqueKey], taken: Mapping[str, pa.Table] | None = None
) -> Iterator[Asked]:
    """The rules in their order, each put to the events that those before it let through. See `broken`."""
    passed = np.ones(events.num_rows, np.bool_)
    for rule in rules:
        keys = pc.cast(events[rule.column], KEY)
        keys = keys.combine_chunks() if isinstance(keys, pa.ChunkedArray) else keys
        rows = np.flatnonzero(passed & keys.is_valid().to_numpy(zero_copy_only=False))
        found = keys.take(pa.array(rows)).dictionary_encode()
        codes = found.indices.to_numpy()
        earlier = _counted(found.dictionary, (taken or {}).get(rule.name))
        asked = Asked(rule, rows, found.dictionary, codes, _rank(codes) + earlier[codes])
        yield asked
        passed[rows[asked.broken]] = False


def broken(
    events: pa.Table, rules: Sequence[UniqueKey], taken: Mapping[str, pa.Table] | None = None
) -> pa.Array:
    """int8 a row: the index in `rules` of the rule that the event breaks; null where it breaks none.

    `events`: accepted events of one source from the first received to the last, none of them a duplicate,
    with the rules' columns. `taken`: rule's name -> table of `key` binary(16) and `count` bigint, each key
    once: events outside of `events` that let it through before (other days of a month). The rules are asked
    in their order, and each counts only what those before it let through, so an event breaks at most one.
    """
    verdicts = np.full(events.num_rows, -1, np.int8)
    for index, asked in enumerate(ask(events, rules, taken)):
        verdicts[asked.rows[asked.broken]] = index
    return pa.array(verdicts, mask=verdicts < 0)


def _counted(keys: pa.Array, taken: pa.Table | None) -> np.ndarray:
    """How many events let each key through before."""
    if taken is None or not taken.num_rows:
        return np.zeros(len(keys), np.int64)
    places = pc.index_in(keys, value_set=taken["key"].cast(KEY).combine_chunks())
    counts = taken["count"].cast(pa.int64()).combine_chunks().take(places)
    return np.asarray(pc.fill_null(counts, 0).to_numpy(zero_copy_only=False))


def _rank(codes: np.ndarray) -> np.ndarray:
    """How many rows before it have the row's code."""
    if not len(codes):
        return np.zeros(0, np.int64)
    order = np.argsort(codes, kind="stable")
    grouped = codes[order]
    starts = np.flatnonzero(np.concatenate(([True], grouped[1:] != grouped[:-1])))
    lengths = np.diff(np.concatenate((starts, [len(codes)])))
    ranks = np.empty(len(codes), np.int64)
    ranks[order] = np.arange(len(codes)) - np.repeat(starts, lengths)
    return ranks
