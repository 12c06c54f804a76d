"""Values of one field: from its recipe's numbers, or from its named type."""

from __future__ import annotations

from datetime import date
from functools import cache
from itertools import islice
from random import Random
from typing import Any

import numpy as np
from numpy.typing import NDArray

from streams.contract.model import FieldSpec, Simulated
from streams.contract.types import NAMED_TYPES, range_of, values_of

Column = NDArray[Any]
"""One value an event: int64, float64, or objects (None: the field is not there)."""

ROUNDS_TO_BE_DISTINCT = 50


def objects(values: list[Any]) -> NDArray[np.object_]:
    """The values as an array of objects, whatever they are."""
    column = np.empty(len(values), object)
    column[:] = values
    return column


def as_value(spec: FieldSpec, text: str) -> Any:
    """A value that stands as text in the contract, as it stands in an event's data."""
    match NAMED_TYPES[spec.type].json:
        case "integer":
            return int(text)
        case "number":
            return float(text)
        case "boolean":
            return text == "true"
        case _:
            return text


def usual(spec: FieldSpec) -> dict[str, float]:
    """Values and weights of a field of which the contract says nothing; empty where they cannot be listed."""
    if NAMED_TYPES[spec.type].json == "boolean":
        return {"true": 1.0, "false": 1.0}
    return dict.fromkeys(values_of(spec), 1.0)


def distinct(spec: FieldSpec, count: int, seed: int) -> NDArray[np.object_]:
    """`count` different values. They depend on the type alone, so that a person is the same in every source.

    Raises ValueError when the type has not so many values.
    """
    said = (spec.pattern, spec.max_length, str(spec.range), tuple(spec.values or ()))
    found = _sequence(seed, spec.type, said)
    found.extend_to(count, spec)
    if len(found.values) < count:
        raise ValueError(f"the field has only about {len(found.values)} different values, {count} are wanted")
    return objects(list(islice(found.values, count)))


class _Sequence:
    """Different values in the order in which they were made; sources share what they have in common."""

    def __init__(self, name: str) -> None:
        self.values: dict[Any, None] = {}
        self._random = Random(name)  # noqa: S311 (synthetic values, repeatable)

    def extend_to(self, count: int, spec: FieldSpec) -> None:
        """Make values until there are `count`, or no more seem to exist."""
        make = NAMED_TYPES[spec.type].make
        for _ in range(max(0, count - len(self.values)) * ROUNDS_TO_BE_DISTINCT):
            if len(self.values) >= count:
                return
            self.values[make(self._random, spec)] = None


@cache
def _sequence(seed: int, name: str, said: tuple[Any, ...]) -> _Sequence:
    """The values of a type as a field restricts it."""
    return _Sequence(f"{seed}/{name}/{said[0]}")


def made(spec: FieldSpec, says: Simulated, count: int, chance: np.random.Generator, day: date) -> Column:
    """`count` values by `between`, `about`, or else by the named type."""
    if says.between is not None:
        low, high = (float(bound) for bound in says.between)
        step = float(says.step)
        steps = chance.integers(0, int((high - low) // step), count, endpoint=True)
        return fitted(spec, (low + steps * step).astype(np.float64), 1.0 if spec.type != "decimal" else 0.0)
    if says.about is not None:
        mean, spread = (float(number) for number in says.about)
        return fitted(spec, chance.normal(mean, spread, count), float(says.step))
    if spec.type == "date":
        return objects([day.isoformat()] * count)
    random = Random(chance.integers(0, 2**63).item())  # noqa: S311 (synthetic values, repeatable)
    make = NAMED_TYPES[spec.type].make
    return objects([make(random, spec) for _ in range(count)])


def fitted(spec: FieldSpec, numbers: NDArray[np.float64], step: float) -> Column:
    """Numbers rounded to `step` (0: as they are) and kept within the field's range, as the field's type.

    NaN becomes None: what depends on a field that is not there is not there either.
    """
    rounded = np.round(numbers / step) * step if step else numbers
    bounds = range_of(spec)
    if bounds is not None:
        rounded = np.clip(rounded, float(bounds[0]), float(bounds[1]))
    absent = np.isnan(rounded)
    if absent.any():
        typed = objects(_typed(spec, np.nan_to_num(rounded)).tolist())
        typed[absent] = None
        return typed
    return _typed(spec, rounded)


def _typed(spec: FieldSpec, numbers: NDArray[np.float64]) -> Column:
    if NAMED_TYPES[spec.type].json == "integer":
        return np.round(numbers).astype(np.int64)
    return np.round(numbers, 4)
