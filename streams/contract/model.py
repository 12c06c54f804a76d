"""A contract as typed, frozen values. `loader.py` makes them from YAML; everything else derives from them."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

Aggregate = Literal["count", "sum", "min", "max", "mean", "distinct"]
Pii = Literal["tokenise"]


class Model(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Topic(Model):
    """`partitions` is a wish: a deployment may have fewer. `key` is the field of the place: it keeps order."""

    partitions: int = 2
    retention: timedelta = timedelta(days=7)
    key: str


class FieldSpec(Model):
    """One field of an event's `data`. `type` names an entry of `streams.contract.types.NAMED_TYPES`."""

    title: str
    type: str
    optional: bool = False
    pattern: str | None = None
    range: tuple[int, int] | None = None
    values: dict[str, str] | None = Field(None, description="enum: value -> Chinese label")
    max_length: int | None = None
    pii: Pii | None = None


class Check(Model):
    """A row is quarantined unless `that` is true; NULL in a named column: the check does not apply."""

    title: str
    that: str


class Measure(Model):
    """`aggregate` over `field` (None for count)."""

    aggregate: Aggregate
    field: str | None = None
    title: str
    unit: str | None = None


class Metric(Model):
    """Aggregates of a source by minute and day, over at most four dimensions."""

    title: str
    by: tuple[str, ...]
    measures: dict[str, Measure]


class Accept(Model):
    """How far from its received time an event's own time may lie."""

    past: timedelta = timedelta(days=60)
    future: timedelta = timedelta(days=1)


class Expect(Model):
    """How the source usually behaves: silence detection and simulator share it."""

    open: dict[str, tuple[str, str]] = Field(description="weekdays (mon..sun) -> opening, closing (HH:MM)")
    per_day: int
    by_hour: dict[int, float]
    silent_after: timedelta


class DayRule(Model):
    """Great Expectations asks this of a day before it is published."""

    title: str
    metric: str | None = None
    by: tuple[str, ...] = ()
    that: str | None = Field(None, description="SQL over measures of the metric summed by `by`")
    every: str | None = Field(None, description="each value of this field's type or enum must occur")
    on: tuple[str, ...] = Field((), description="weekdays on which the rule is asked; empty: every day")


class Examples(Model):
    """Good events, and bad ones with the code of the reason that each is rejected for."""

    good: tuple[dict[str, Any], ...] = ()
    bad: tuple[BadExample, ...] = ()


class BadExample(Model):
    because: str
    field: str | None = None
    data: dict[str, Any]


class Contract(Model):
    """One source. `version` is the SHA-256 of the canonical contract, 12 hex digits."""

    source: Annotated[str, Field(pattern=r"\A[a-z][a-z0-9_]{1,29}\Z")]
    title: str
    about: str
    owner: str
    topic: Topic
    accept: Accept = Accept()
    fields: dict[str, FieldSpec]
    checks: dict[str, Check] = {}
    metrics: dict[str, Metric]
    expect: Expect
    day_rules: dict[str, DayRule] = {}
    simulate: dict[str, Any] = {}
    examples: Examples = Examples()
