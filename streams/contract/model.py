"""A contract as typed, frozen values. `loader.py` makes them from YAML; everything else derives from them."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from datetime import timedelta
from functools import cached_property
from typing import Annotated, Any, Literal, cast

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, PrivateAttr

from streams.contract.scalars import (
    Duration,
    Number,
    OpeningHours,
    Share,
    Truth,
    Weekdays,
    Whole,
    refuse,
)

Aggregate = Literal["count", "sum", "min", "max", "mean", "distinct"]
AGGREGATES: tuple[Aggregate, ...] = ("count", "sum", "min", "max", "mean", "distinct")
Pii = Literal["tokenise"]

# Names become columns and parts of tables' names: `<source>__<metric>__revision` has 63 bytes in PostgreSQL.
SourceName = Annotated[str, Field(pattern=r"\A[a-z][a-z0-9]*(_[a-z0-9]+)*\z", min_length=2, max_length=30)]
FieldName = Annotated[str, Field(pattern=r"\A[a-z][a-z0-9]*(_[a-z0-9]+)*\z", max_length=40)]
MetricName = Annotated[str, Field(pattern=r"\A[a-z][a-z0-9]*(_[a-z0-9]+)*\z", max_length=20)]
Title = Annotated[str, Field(min_length=1, max_length=60, pattern=r"\A\S.*\z")]
Text = Annotated[str, Field(min_length=1, max_length=1000)]


class Model(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Topic(Model):
    """`partitions` is a wish, a deployment may have fewer. `key`: the field of the place, in order there."""

    partitions: Annotated[Whole, Field(ge=1, le=1000)] = 2
    retention: Duration = timedelta(days=7)
    key: str


NESTED = ("object", "list")
"""Types whose values are made of other fields; every other type is a named one."""
MOST_ITEMS = 100


class FieldSpec(Model):
    """One field of an event's `data`. `type`: one of NESTED, or of `streams.contract.types.NAMED_TYPES`.

    `object` and `list` (of objects) hold `fields` of their own, one level deep. An object's field is called
    `<object>__<field>` wherever a field is named; a list is counted as `<list>__count`.
    """

    title: Title
    type: str
    about: Text | None = None
    optional: Truth = False
    pattern: str | None = None
    range: tuple[Number, Number] | None = Field(None, description="lowest and highest value, both allowed")
    values: dict[str, Title] | None = Field(None, description="enum: value -> Chinese label")
    max_length: Annotated[Whole, Field(ge=1, le=2000)] | None = Field(None, description="in characters")
    pii: Pii | None = None
    fields: dict[FieldName, FieldSpec] = Field({}, description="object and list: the fields within")
    max_items: Annotated[Whole, Field(ge=1, le=MOST_ITEMS)] | None = Field(
        None, description="list: at most so many; 100 unless said"
    )

    @property
    def most_items(self) -> int:
        """How many items a list may have."""
        return self.max_items or MOST_ITEMS


class Check(Model):
    """A row is quarantined unless `that` is true; NULL in a named column: the check does not apply."""

    title: Title
    that: str


def _aggregate_of_a_field(text: str) -> str:
    name, _, field = text.partition(" ")
    if name not in AGGREGATES or (field == "" and name != "count") or " " in field:
        refuse(
            f"'{text}'",
            "count, or one of sum, min, max, mean, distinct and a field",
            "Write for example 'of: sum price_fen' or 'of: distinct elder'.",
        )
    return text


class Measure(Model):
    """`of` is 'count', or an aggregate and a field: 'sum price_fen', 'distinct elder'.

    'count referral' counts the events that have this optional field.
    """

    title: Title
    of: Annotated[str, AfterValidator(_aggregate_of_a_field)]
    unit: str | None = None

    @cached_property
    def aggregate(self) -> Aggregate:
        return cast("Aggregate", self.of.partition(" ")[0])

    @cached_property
    def field(self) -> str | None:
        """The field that is aggregated; None where events are counted."""
        return self.of.partition(" ")[2] or None


class Ratio(Model):
    """`of` divided by `to`: each a measure or another ratio of the same metric, or `<reference>.<column>`.

    A ratio is taken of sums, never added up or averaged. A column of `streams/reference/<reference>.csv` is
    added up over the rows that match the metric's dimensions (用餐率: elders who ate / elders registered).
    """

    title: Title
    of: str
    to: str
    unit: Literal["percent", "fen"] | None = None


class Metric(Model):
    """Aggregates of a source by minute and day, over at most four dimensions (fields)."""

    title: Title
    by: Annotated[tuple[str, ...], Field(max_length=4)]
    measures: Annotated[dict[FieldName, Measure], Field(min_length=1)]
    ratios: dict[FieldName, Ratio] = {}


class Unique(Model):
    """At most `times` events with the same values of `fields` in a period; later ones are rejected.

    `per`: day, month or year of event time in Asia/Shanghai, or ever. `where` picks the events that the rule
    is about; NULL in one of `fields`: the rule does not apply. Duplicates are not counted. A contract's rules
    are asked in their order, and a later one counts only what the earlier ones let through. The first is the
    first received.
    """

    title: Title
    fields: Annotated[tuple[str, ...], Field(min_length=1, max_length=6)]
    per: Literal["day", "month", "year", "ever"] = "day"
    times: Annotated[Whole, Field(ge=1, le=1000)] = 1
    where: str | None = Field(None, description="SQL condition over the event's fields")


class LifeCycle(Model):
    """The steps of a case. A step that may not follow is flagged, not rejected: events come out of order.

    `case`: the field that names the case. `step`: an enum field. `start`: steps that may open a case. `then`:
    step -> steps that may follow; a step that nothing follows ends the case. `within`: how long a case may
    stay in a step before it is overdue.
    """

    case: str
    step: str
    start: Annotated[tuple[str, ...], Field(min_length=1)]
    then: dict[str, tuple[str, ...]]
    within: dict[str, Duration] = {}


class Accept(Model):
    """How far from its received time an event's own time may lie."""

    past: Duration = timedelta(days=60)
    future: Duration = timedelta(days=1)


class Expect(Model):
    """How the source usually behaves: silence detection and simulator share it."""

    open: OpeningHours = Field(description="weekday (mon..sun) -> opening, closing (HH:MM, up to 24:00)")
    per_day: Annotated[Whole, Field(ge=1)]
    by_hour: dict[Annotated[Whole, Field(ge=0, le=23)], Share] = Field(description="hour -> share in percent")
    silent_after: Duration


class DayRule(Model):
    """What Great Expectations asks of a day before it is published; one of `that`, `every`, `adds_up`.

    `that`: a comparison that holds for every group. Groups are those of `metric` (its measures added up to
    the dimensions `by`; distinct measures exact for that grouping), or, with `measures` instead of `metric`,
    the day's accepted events (`where` picks some of them) grouped by `by`. With `reference`, the columns of
    `streams/reference/<reference>.csv` may be named too, matched on the columns that it shares with `by`.
    `every`: each possible value of this field (a division, an enum's values) has at least one event.
    `adds_up`: this additive measure of `metric`, added up over all its groups, equals the same aggregate
    taken directly from the day's accepted events, in total and for each value of the dimensions `by`.
    """

    title: Title
    metric: str | None = None
    measures: dict[FieldName, Measure] = {}
    by: tuple[str, ...] = ()
    where: str | None = Field(None, description="SQL condition over the event's fields; only with measures")
    reference: str | None = None
    that: str | None = Field(None, description="SQL condition over measures, dimensions, reference columns")
    every: str | None = None
    adds_up: str | None = None
    on: Weekdays = Field((), description="weekdays on which the rule is asked; empty: every day")


class Simulated(Model):
    """How the simulator makes a field's values; without a hint it takes any value that the type allows.

    One of:
    `weights`: value -> weight;
    `between` with `step`: evenly;
    `about` (mean, spread) with `step`: normally, kept within the field's range;
    `share` (lowest, highest) `of` another field, with `step`;
    `formula`: SQL over other fields;
    `reference`: a row of `streams/reference/<reference>.csv`, drawn by its column `weigh` if there is one;
    the columns that are fields of the contract too, such as division, come from the same row;
    `distinct`: so many different values, used unevenly as people and places are. With `of` each belongs to
    one value of that field (an elder to a canteen), with `once_per` each occurs once a day for one value of
    those fields (an elder takes lunch once) or at all (`once_per: [day]`), with `turn` each on one open day
    of the month or year only (a worker's payday), and what it belongs to follows from it;
    `serial`: a text with {day} (YYYYMMDD) and {number} (six digits), which no other event has;
    `by` with `each`: depends on another field or the hour, {by: hour, each: {6-9: breakfast, 10-15: lunch}};
    `each` takes a value, a list of values or one of the above; `else` is for whatever it does not name, and
    without it the field is not there.
    `present`: percentage of events that carry an optional field.
    `same`, at the case of a life cycle: fields that are the same in all steps of a case. Cases are opened day
    by day and take the life cycle's steps, by the weights of the step field, within the times that it allows
    or, some, later. A formula may ask `case_minutes` and `step_minutes`: since the case was opened, and since
    its last step.
    """

    distinct: Annotated[Whole, Field(ge=1)] | None = None
    weights: dict[str, Share] | None = None
    between: tuple[Number, Number] | None = None
    about: tuple[Number, Number] | None = None
    share: tuple[Share, Share] | None = None
    step: Number = 1
    reference: str | None = None
    weigh: str | None = None
    formula: str | None = None
    serial: Annotated[str, Field(max_length=60)] | None = None
    same: tuple[str, ...] = ()
    by: str | None = None
    each: dict[str, Simulated | str | tuple[str, ...]] | None = None
    of: str | None = None
    once_per: tuple[str, ...] = ()
    turn: Literal["month", "year"] | None = None
    present: Annotated[Share, Field(le=100)] = 100.0


class BadExample(Model):
    """An event that must be rejected with the reason code `because`.

    In YAML it is written as a difference to the first good example: `change` and `without` fields, another
    `time`. The loader resolves that: `data` is the whole data of the event, and `before`, a list of changes,
    that of as many events. A rule of uniqueness is broken by an event after others: by as many first good
    examples as the rule lets through where `before` says nothing.
    """

    because: str
    field: str | None = None
    data: dict[str, Any]
    time: str | None = Field(None, description="the envelope's time, as text; None: when it is received")
    before: tuple[dict[str, Any], ...] = Field(
        (), description="unique:<name>: data of the events that are accepted before it, each with its own id"
    )


class Examples(Model):
    """Events as they stand in Kafka (personal fields are tokens): tests, canary and documentation at once."""

    good: Annotated[tuple[dict[str, Any], ...], Field(min_length=1)]
    bad: tuple[BadExample, ...] = ()


class Contract(Model):
    """One source. `version` is the SHA-256 of the canonical contract, 12 hex digits."""

    source: SourceName
    title: Title
    about: Text
    owner: Title
    topic: Topic
    accept: Accept = Accept()
    fields: Annotated[dict[FieldName, FieldSpec], Field(min_length=1, max_length=60)]
    checks: dict[FieldName, Check] = {}
    unique: dict[FieldName, Unique] = {}
    life_cycle: LifeCycle | None = None
    metrics: Annotated[dict[MetricName, Metric], Field(min_length=1)]
    expect: Expect
    day_rules: dict[FieldName, DayRule] = {}
    simulate: dict[str, Simulated] = {}
    examples: Examples

    _text: str = PrivateAttr("")

    @property
    def text(self) -> str:
        """The YAML that this contract was read from."""
        return self._text

    @cached_property
    def version(self) -> str:
        """12 hex digits over everything that the contract says (not over comments, layout and defaults)."""
        said = self.model_dump(mode="json", exclude_defaults=True)
        # Of all that has names, only rules of uniqueness mean something else in another order.
        said["unique"] = list(said.get("unique", {}).items())
        canonical = json.dumps(said, ensure_ascii=False, sort_keys=True)
        return hashlib.sha256(canonical.encode()).hexdigest()[:12]

    @cached_property
    def columns(self) -> dict[str, FieldSpec]:
        """Flat name -> whatever of an event may be named by a check, a rule, a dimension or a measure.

        A field by its name, an object's field as `<object>__<field>`, a list as `<list>__count`; in the
        contract's order. What stands in an optional object is optional. A list's own fields have no name.
        """
        return dict(_columns(self.fields))

    @cached_property
    def lists(self) -> dict[str, FieldSpec]:
        """The fields of type list."""
        return {name: spec for name, spec in self.fields.items() if spec.type == "list"}

    @cached_property
    def personal(self) -> frozenset[str]:
        """Flat names of the fields that arrive as tokens; those within lists have no flat name."""
        return frozenset(name for name, spec in self.columns.items() if spec.pii == "tokenise")


def _columns(fields: Mapping[str, FieldSpec]) -> Iterator[tuple[str, FieldSpec]]:
    for name, spec in fields.items():
        if spec.type == "object":
            for key, inner in spec.fields.items():
                said = {"title": f"{spec.title}·{inner.title}", "optional": spec.optional or inner.optional}
                yield f"{name}__{key}", inner.model_copy(update=said)
        elif spec.type == "list":
            title = f"{spec.title}·项数"
            yield (
                f"{name}__count",
                FieldSpec(title=title, type="count", optional=spec.optional, range=(0, spec.most_items)),
            )
        else:
            yield name, spec
