"""Rules between the numbers of a row that the sample keeps: a = b + c, a <= b. By DuckDB."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations, permutations

from streams.authoring.facts import Rows, listed
from streams.authoring.guess import Guess
from streams.contract.rendering import quoted

MOST_COLUMNS = 12
MOST_BOUNDS = 2
ENOUGH_ROWS = 50
NEARLY_ALL = 0.999


@dataclass(frozen=True)
class Relation:
    """that: the condition over field names. `whole` is the sum of `parts`, or `parts[0]` at most `whole`."""

    name: str
    title: str
    that: str
    whole: str
    parts: tuple[str, ...]
    evidence: str
    is_sum: bool


def relations_of(rows: Rows, guesses: Sequence[Guess]) -> list[Relation]:
    """Sums first; a bound that follows from a sum, or from the values' own limits, is not named."""
    numbers = [g for g in guesses if g.spec.type in ("fen", "count") and g.facts.distinct > 1][:MOST_COLUMNS]
    if not numbers:
        return []
    listed_values = ", ".join(f"{g.value} as {quoted(g.name)}" for g in numbers)
    rows.connection.execute(f"create or replace temp table numbers as select line, {listed_values} from rows")  # noqa: S608
    by_type = [[g for g in numbers if g.spec.type == kind] for kind in ("fen", "count")]
    sums = [found for group in by_type for found in _sums(rows, group)]
    implied = {(part, each.whole) for each in sums for part in each.parts}
    bounds = [
        found
        for group in by_type
        for found in _bounds(rows, group)
        if (found.parts[0], found.whole) not in implied
    ]
    return [*sums, *bounds[:MOST_BOUNDS]]


def _sums(rows: Rows, group: Sequence[Guess]) -> Iterator[Relation]:
    used: set[frozenset[str]] = set()
    for whole in group:
        for left, right in combinations([g for g in group if g is not whole], 2):
            names = frozenset((whole.name, left.name, right.name))
            that = f"{quoted(whole.name)} = {quoted(left.name)} + {quoted(right.name)}"
            if names in used or (evidence := _holds(rows, (whole, left, right), that, NEARLY_ALL)) is None:
                continue
            used.add(names)
            yield Relation(
                name=f"{whole.name.removesuffix('_fen')[:30]}_adds_up",
                title=f"{whole.spec.title}应等于{left.spec.title}加{right.spec.title}",
                that=that.replace('"', ""),
                whole=whole.name,
                parts=(left.name, right.name),
                evidence=evidence,
                is_sum=True,
            )


def _bounds(rows: Rows, group: Sequence[Guess]) -> Iterator[Relation]:
    for small, large in permutations(group, 2):
        apart = rows.one(f"select max({quoted(small.name)}) <= min({quoted(large.name)}) from numbers")[0]  # noqa: S608
        that = f"{quoted(small.name)} <= {quoted(large.name)}"
        if apart or (evidence := _holds(rows, (small, large), that, 1.0)) is None:
            continue
        yield Relation(
            name=f"{small.name.removesuffix('_fen')[:30]}_bound",
            title=f"{small.spec.title}不得超过{large.spec.title}",
            that=that.replace('"', ""),
            whole=large.name,
            parts=(small.name,),
            evidence=evidence,
            is_sum=False,
        )


def _holds(rows: Rows, guesses: Sequence[Guess], that: str, share: float) -> str | None:
    there = " and ".join(f"{quoted(g.name)} is not null" for g in guesses)
    asked, right = rows.one(f"select count(*), count(*) filter (where {that}) from numbers where {there}")  # noqa: S608
    if asked < ENOUGH_ROWS or right < share * asked:
        return None
    if right == asked:
        return f"holds for all {asked:,} rows that have these numbers"
    query = f"select line from numbers where {there} and not ({that}) order by 1 limit 5"  # noqa: S608
    wrong = listed([line for (line,) in rows.all(query)], asked - right)
    return f"holds for {right:,} of {asked:,}; would be refused: {wrong}"
