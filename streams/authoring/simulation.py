"""What the simulator is told, so that a simulated day looks like the sample's days."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from streams.authoring.facts import Rows
from streams.authoring.guess import Guess
from streams.authoring.nesting import Nested
from streams.authoring.relations import Relation
from streams.contract.types import NAMED_TYPES

MOST_DIFFERENT = 200_000
_STEPS = (1_000, 500, 100, 50, 10, 5)
_ALL = 100
_NEARLY_ALL = 0.95


def simulate_of(
    rows: Rows, guesses: Sequence[Guess], relations: Sequence[Relation], key: str
) -> dict[str, Any]:
    """Field -> hint. Numbers that a relation binds are made of each other, so that the relation holds."""
    hints: dict[str, Any] = {}
    for guess in guesses:
        hint = _hint(rows, guess, key)
        if guess.spec.optional:
            hint["present"] = round(_ALL * guess.facts.filled / guess.facts.rows, 1)
        if hint:
            hints[guess.name] = hint
    bound: set[str] = set()
    for relation in relations:
        if not bound & {*relation.parts, relation.whole}:
            bound |= {*relation.parts, relation.whole}
            _bind(rows, relation, {g.name: g for g in guesses}, hints)
    return hints


def of_list(found: Nested, rows: int) -> dict[str, Any]:
    """How many items a simulated event has, and how many events have the list."""
    lengths = sorted(found.items.lengths) if found.items is not None else []
    if not lengths:
        return {}
    low, high = lengths[len(lengths) // 50], lengths[-1 - len(lengths) // 50]
    present = {"present": _percent(min(len(lengths), rows), rows)} if found.is_optional else {}
    return {"between": [low, min(high, found.most_items)], **present}


def unbound(relations: Sequence[Relation]) -> list[Relation]:
    """Relations that share no field with one before them: those that the simulator can keep."""
    kept: list[Relation] = []
    for relation in relations:
        names = {relation.whole, *relation.parts}
        if not any(names & {each.whole, *each.parts} for each in kept):
            kept.append(relation)
    return kept


def _hint(rows: Rows, guess: Guess, key: str) -> dict[str, Any]:
    named = NAMED_TYPES[guess.spec.type]
    if guess.spec.type in ("enum", "bool"):
        return {"weights": _weights(guess)}
    if named.number or guess.spec.type == "decimal":
        return _between(rows, guess)
    if named.personal or (guess.name == key and guess.spec.type == "text"):
        return {"distinct": max(min(guess.facts.distinct, MOST_DIFFERENT), 1)}
    return {}


def _weights(guess: Guess) -> dict[str, float]:
    if guess.spec.type == "bool":
        yes = sum(
            n
            for value, n in guess.facts.values
            if value.strip().lower() in ("是", "有", "true", "y", "yes", "1", "√")
        )
        no = sum(n for _, n in guess.facts.values) - yes
        return {value: _percent(n, yes + no) for value, n in (("true", yes), ("false", no)) if n}
    total = sum(n for _, n in guess.facts.values)
    return {value: _percent(n, total) for value, n in guess.facts.values}


def _percent(count: int, total: int) -> float:
    """In percent, never quite nothing."""
    return max(round(_ALL * count / total, 2), 0.01)


def _between(rows: Rows, guess: Guess) -> dict[str, Any]:
    low, high = rows.one(
        f"select quantile_disc({guess.value}, 0.02), quantile_disc({guess.value}, 0.98) from rows"  # noqa: S608
    )
    if low is None:
        return {}
    lowest, highest = guess.spec.range or (low, high)
    low, high = max(low, lowest), min(high, highest)
    if guess.spec.type == "decimal":
        return {"between": [float(low), float(high)], "step": 0.1}
    step = _step(rows, guess)
    return {"between": [int(low), int(high)], **({"step": step} if step > 1 else {})}


def _step(rows: Rows, guess: Guess) -> int:
    counts = ", ".join(f"count(*) filter (where {guess.value} % {step} = 0)" for step in _STEPS)
    there, *even = rows.one(f"select count({guess.value}), {counts} from rows")  # noqa: S608
    return next((step for step, n in zip(_STEPS, even, strict=True) if n >= _NEARLY_ALL * there), 1)


def _bind(rows: Rows, relation: Relation, by_name: dict[str, Guess], hints: dict[str, Any]) -> None:
    """A part is a share of the whole; the other part is what is left of it."""
    first = by_name[relation.parts[0]]
    whole = by_name[relation.whole]
    low, high = rows.one(
        f"select quantile_cont(({first.value}) / nullif({whole.value}, 0), 0.05),"  # noqa: S608
        f" quantile_cont(({first.value}) / nullif({whole.value}, 0), 0.95) from rows"
    )
    step = hints.get(relation.parts[0], {}).get("step", 1)
    present = {"present": hints[first.name]["present"]} if "present" in hints.get(first.name, {}) else {}
    shares = [round(min(max(float(low or 0), 0), 1), 2), round(min(max(float(high or 1), 0), 1), 2)]
    hints[first.name] = {"share": shares, "of": whole.name, **({"step": step} if step > 1 else {}), **present}
    if relation.is_sum:
        hints[relation.parts[1]] = {"formula": f"{whole.name} - {first.name}"}
