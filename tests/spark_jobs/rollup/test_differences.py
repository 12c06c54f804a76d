"""Why a published day is not what live has counted: the rows add up, and each event has the cause it had."""

from __future__ import annotations

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from spark_jobs.rollup.account import since
from spark_jobs.rollup.comparison import groups
from spark_jobs.rollup.differences import (
    CAUSES,
    COUNTED,
    REJECTED,
    Difference,
    Entry,
    Findings,
    Held,
    Judged,
    Reached,
    Totals,
    differences,
    entries,
)

ALL = Reached(live={0: 1_000}, lake={0: 1_000})


def ident(number: int) -> bytes:
    return number.to_bytes(16, "big")


def judged(position: int, outcome: str = COUNTED, *, claim: int | None = None, fen: int = 10) -> Judged:
    values = None if outcome == REJECTED else {"fen": fen}
    return Judged(position, ident(position if claim is None else claim), outcome, values)


def causes(found: list[Entry]) -> dict[int, tuple[str, int]]:
    return {entry.position: (entry.cause, entry.sign) for entry in found}


def test_each_event_of_the_difference_has_the_cause_that_it_had() -> None:
    live = {position: ident(position) for position in (1, 2, 3, 4, 5, 999, 1_500)}
    records = [
        judged(1),
        judged(2, "duplicate"),
        judged(3, "conflict"),
        judged(4, REJECTED),
        judged(5, "unique:once_a_month"),
        judged(20),  # live has it in quarantine, its contract was corrected since
        judged(21),  # live has it in quarantine for its uniqueness alone
        judged(22),  # neither counted nor refused live, which has passed it
        judged(1_200),  # live has not come to it yet
    ]
    held = {20: Held(replayed=False, unique=False), 21: Held(replayed=False, unique=True)}
    assert causes(list(entries(live, records, held, ALL))) == {
        2: ("duplicate", -1),
        3: ("conflict", -1),
        4: ("contract", -1),
        5: ("unique", -1),
        20: ("contract", 1),
        21: ("unique", 1),
        22: ("unexplained", 1),
        999: ("unexplained", -1),  # the lake was read beyond it and does not have it
        1_200: ("unread", 1),
        1_500: ("late", -1),
    }


def test_another_copy_of_the_same_id_is_no_event_but_what_its_content_changes() -> None:
    records = [judged(7, fen=30), judged(9, "conflict", claim=7, fen=100)]
    assert list(entries({9: ident(7)}, records, {}, ALL)) == [Entry("conflict", 0, 7, {"fen": -70})]


def test_a_record_that_the_lake_holds_twice_is_one() -> None:
    records = [judged(1, "rearchived"), judged(1), judged(1, "rearchived")]
    assert list(entries({1: ident(1)}, records, {}, ALL)) == []


outcomes = st.sampled_from([COUNTED, "duplicate", "conflict", REJECTED, "unique:x", None])
fens = st.integers(-1_000, 1_000)


@given(
    st.lists(st.tuples(st.booleans(), outcomes, fens), max_size=40),
    st.integers(0, 60),
    st.integers(0, 60),
    st.integers(0, 9),
    st.integers(0, 50),
)
def test_rows_add_up_exactly_whatever_happened(
    fates: list[tuple[bool, str | None, int]], live_at: int, lake_at: int, lost: int, more: int
) -> None:
    """fates: whether live counted the event, what the rollup made of it (None: not in the lake), its amount.
    `lost` events were counted by live without a trace."""
    live = {position: ident(position) for position, (counted, _, _) in enumerate(fates) if counted}
    records = [
        judged(position, outcome, fen=fen) for position, (_, outcome, fen) in enumerate(fates) if outcome
    ]
    reached = Reached({0: live_at}, {0: lake_at})
    then = Totals(len(live) + lost, {"fen": sum(fen for counted, _, fen in fates if counted) + 7 * lost})
    final = Totals(
        sum(outcome == COUNTED for _, outcome, _ in fates),
        {"fen": sum(fen for _, outcome, fen in fates if outcome == COUNTED)},
    )
    rows = differences(Findings(then, tuple(entries(live, records, {}, reached))), final)
    assert then.events + sum(row.events for row in rows) == final.events
    assert then.sums["fen"] + sum(row.sums["fen"] for row in rows) == final.sums["fen"]
    assert len({row.cause for row in rows}) == len(rows)
    now = Totals(then.events + more, {"fen": then.sums["fen"] + 3 * more})
    later = since(rows, then, now, replayed=more // 2)
    assert now.events + sum(row.events for row in later) == final.events
    assert now.sums["fen"] + sum(row.sums["fen"] for row in later) == final.sums["fen"]


def test_what_no_cause_names_is_unexplained() -> None:
    rows = differences(Findings(Totals(10, {"fen": 100}), ()), Totals(9, {"fen": 90}))
    assert rows == (Difference("unexplained", -1, {"fen": -10}),)


def test_without_the_days_ids_live_may_have_counted_as_many_again_as_the_rollup_found_repeated() -> None:
    found = Findings(Totals(10, {"fen": 100}), (), forgotten=3)
    (row,) = differences(found, Totals(8, {"fen": 70}))
    assert (row.cause, row.events, row.sums) == ("forgotten", -2, {"fen": -30})
    again, rest = differences(found, Totals(5, {"fen": 40}))
    assert (again.cause, again.events, rest.cause, rest.events) == ("forgotten", -3, "unexplained", -2)


def test_what_came_after_publication_is_late_and_what_was_replayed_is_said_apart() -> None:
    rows = since((), Totals(10, {"fen": 100}), Totals(15, {"fen": 180}), replayed=2)
    assert {row.cause: (row.events, row.sums.get("fen", 0)) for row in rows} == {
        "late": (-3, -80),
        "replayed": (-2, 0),
    }
    (row,) = since((), Totals(10, {"fen": 100}), Totals(12, {"fen": 130}), replayed=2)
    assert (row.cause, row.events, row.sums) == ("replayed", -2, {"fen": -30})


@given(st.dictionaries(st.integers(0, 99), st.integers(1, 150_000)), st.sets(st.integers(0, 99)))
def test_buckets_that_differ_are_each_looked_at_once(counts: dict[int, int], changed: set[int]) -> None:
    live = {key: (count, 5, 5) for key, count in counts.items()}
    final = {key: (count, 6 if key in changed else 5, 5) for key, count in counts.items()}
    final |= dict.fromkeys(changed, (1, 1, 1))
    found = Counter(each for group in groups(live, final) for each in group)
    assert found == Counter(changed)


def test_causes_stand_in_one_order() -> None:
    findings = Findings(Totals(0, {}), (Entry("unique", 1, 1), Entry("late", -1, 2), Entry("contract", 1, 3)))
    named = [row.cause for row in differences(findings, Totals(1, {}))]
    assert named == sorted(named, key=CAUSES.index) == ["late", "contract", "unique"]
