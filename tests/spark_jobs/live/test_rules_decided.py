"""Who breaks a rule across events is the same live, batch by batch, as for the whole day at once."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from random import Random

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from spark_jobs.live.binary_copy import fixed
from spark_jobs.live.uniqueness import NOTHING, Taken, decide
from streams.judge.uniqueness import KEY, UniqueKey, broken, in_order
from tests.spark_jobs.live.rules import Keyed, table

RULES = (
    UniqueKey("slot", "u0", "day", 1),
    UniqueKey("month", "u1", "month", 2),
    UniqueKey("ever", "u2", "ever", 1),
)
DAYS = (20_500, 20_501, 20_502)


def events(count: int, seed: int) -> list[Keyed]:
    """Events of a few persons in three partitions, received in any order, on days in any order."""
    dice = Random(seed)
    return [
        Keyed(
            dice.randrange(3) << 40 | number,
            dice.randrange(40),
            dice.choice(DAYS),
            tuple(dice.choice((None, "a", "b", "c", "d")) for _ in RULES),
        )
        for number in range(count)
    ]


class Claimed:
    """ops.unique_claim as a dictionary."""

    def __init__(self) -> None:
        self.rows: dict[tuple[bytes, int], tuple[int, int, int]] = {}

    def take(self, decided: Sequence[np.ndarray]) -> None:
        for rows in decided:
            for row in rows:
                key = row["key"].tobytes(), int(row["nth"])
                assert key not in self.rows
                self.rows[key] = int(row["event_day"]) + 10_957, int(row["position"]), int(row["received_at"])

    def taken(self, besides: int | None = None) -> Taken:
        """What is claimed, by events of other days than that."""
        counts = Counter(key for (key, _), (day, _, _) in self.rows.items() if day != besides)
        if not counts:
            return NOTHING
        first = [self.rows.get((key, 0), (0, 0, 0)) for key in counts]
        return Taken(
            pa.array(list(counts), KEY),
            np.array(list(counts.values()), np.int64),
            np.array([position for _, position, _ in first], np.int64),
            np.array([received for _, _, received in first], np.int64),
        )


def live(every: list[Keyed], sizes: Sequence[int]) -> tuple[dict[int, str], Claimed]:
    """Position -> code of the rule that the event breaks, decided in batches of these sizes."""
    claimed, found, begin = Claimed(), dict[int, str](), 0
    ordered = in_order(table(every, RULES))
    for size in [*sizes, ordered.num_rows]:
        batch = ordered.slice(begin, size)
        begin += size
        if batch.num_rows:
            decision = decide(1, batch, RULES, claimed.taken())
            claimed.take(decision.claims)
            if decision.broken:
                found |= dict(zip(decision.broken.positions.tolist(), decision.broken.codes, strict=True))
    return found, claimed


def whole(every: list[Keyed], taken: Taken = NOTHING) -> dict[int, str]:
    """The same for all at once."""
    ordered = in_order(table(every, RULES))
    verdicts = broken(ordered, RULES, {rule.name: taken.table() for rule in RULES})
    positions = ordered.column("position").to_pylist()
    return {p: RULES[v].code for p, v in zip(positions, verdicts.to_pylist(), strict=True) if v is not None}


@given(st.integers(0, 60), st.lists(st.integers(1, 20), max_size=6), st.integers(0, 2**32))
def test_batches_in_the_order_of_receipt_decide_as_all_at_once(
    count: int, sizes: list[int], seed: int
) -> None:
    every = events(count, seed)
    assert live(every, sizes)[0] == whole(every)


@given(st.integers(0, 60), st.lists(st.integers(1, 20), max_size=6), st.integers(0, 2**32))
def test_a_day_alone_with_the_claims_of_other_days_decides_as_live_did(
    count: int, sizes: list[int], seed: int
) -> None:
    every = events(count, seed)
    found, claimed = live(every, sizes)
    by_day = dict[int, str]()
    for day in DAYS:
        by_day |= whole([each for each in every if each.day == day], claimed.taken(besides=day))
    assert by_day == found


def test_a_rule_lets_through_so_many_and_counts_only_what_the_ones_before_it_let_through() -> None:
    rules = (UniqueKey("first", "u0", "day", 1), UniqueKey("second", "u1", "day", 2))
    every = [
        Keyed(1, 1, DAYS[0], ("a", "x")),
        Keyed(2, 2, DAYS[0], ("a", "x")),  # breaks the first, so that the second does not count it
        Keyed(3, 3, DAYS[0], (None, "x")),
        Keyed(4, 4, DAYS[0], ("b", "x")),  # the third of x, and the first of b
        Keyed(5, 5, DAYS[0], ("b", None)),
    ]
    decided = decide(7, table(every, rules), rules, NOTHING)
    assert decided.broken is not None
    assert decided.broken.positions.tolist() == [2, 4, 5]
    assert decided.broken.codes == ("unique:first", "unique:second", "unique:first")
    assert sum(len(rows) for rows in decided.claims) == 4


def test_the_detail_names_the_first_wherever_it_was_claimed() -> None:
    rules = (UniqueKey("one", "u0", "ever", 1),)
    first = 2 << 40 | 17
    earlier = table([Keyed(first, 0, DAYS[0], ("a",))], rules)
    microseconds = earlier.column("received_at").cast(pa.int64())[0].as_py()
    taken = Taken(earlier.column("u0").combine_chunks(), *(np.array([n]) for n in (1, first, microseconds)))
    batch = [Keyed(5, 60, DAYS[0], ("a",)), Keyed(6, 61, DAYS[0], ("b",)), Keyed(7, 62, DAYS[0], ("b",))]
    decided = decide(1, table(batch, rules), rules, taken)
    assert decided.broken is not None
    assert decided.broken.details == (
        "首次：分区 2 位置 17，接收时间 2026-05-04 16:00:00",
        "首次：分区 0 位置 6，接收时间 2026-05-04 16:01:01",
    )


@pytest.mark.parametrize("offset", [0, 2])
def test_keys_are_taken_out_of_a_slice_as_they_stand(offset: int) -> None:
    keys = [bytes([n]) * 16 for n in range(5)]
    column = pa.array(keys, KEY).slice(offset)
    assert [each.tobytes() for each in fixed(column)] == keys[offset:]
