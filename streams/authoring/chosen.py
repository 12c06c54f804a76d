"""The columns of a sample, each with its part: the event's time, its id, its place, a field, or none."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from streams.authoring.errors import NoContract
from streams.authoring.exports import row_number
from streams.authoring.facts import Facts, Rows
from streams.authoring.guess import Guess, LeftOut, guess, has_numbers_of_people
from streams.authoring.moments import Moment, moment_of, said_moment
from streams.authoring.native import native
from streams.authoring.nesting import Nested, list_of, object_of
from streams.authoring.roles import id_of, is_moment, key_of, may_be_key
from streams.authoring.sample import TIME_ATTRIBUTE
from streams.authoring.twins import twins_of
from streams.importer.tables import WITHIN

MOST_FIELDS = 60
"""Of a contract (streams.contract.model)."""

Role = Callable[[Sequence[Guess]], Guess | None]


@dataclass(frozen=True)
class Chosen:
    """`fields` hold the key, but neither the time nor the id: those are attributes of an event.

    clock: the heading of the time of day, where the day stands in `time`'s column alone. twins: names of
    fields that say the same as another one by other words, and are no dimensions.
    """

    fields: tuple[Guess, ...]
    time: Guess | None
    id: Guess | None
    key: Guess
    key_because: str
    left_out: tuple[LeftOut, ...]
    nested: tuple[Nested, ...] = ()
    clock: str | None = None
    twins: frozenset[str] = frozenset()

    @property
    def objects(self) -> tuple[Nested, ...]:
        return tuple(each for each in self.nested if each.items is None)

    @property
    def lists(self) -> tuple[Nested, ...]:
        return tuple(each for each in self.nested if each.items is not None)


def choose(
    rows: Rows,
    facts: Sequence[Facts],
    names: Mapping[str, str],
    *,
    time: str | None = None,
    id: str | None = None,  # noqa: A002 (what CloudEvents calls it)
    key: str | None = None,
) -> Chosen:
    """Guess every column and give each its part. `time`, `id`, `key`: headings that are decided already.

    Raises NoContract where no column could be the place.
    """
    guesses, objects, left_out = _guessed(rows, facts, names, id)
    moment = _moment(rows, time, guesses)
    # An event has its id already, and its data stay as they are.
    identity = None if rows.sample.is_events else _part(id, guesses, "id", id_of)
    guesses = [each for each in guesses if each is not identity and each.heading not in moment.headings]
    place = _part(key, guesses, "key", key_of)
    if key is not None and place is not None and not may_be_key(place):
        raise NoContract(_no_key(key, place, guesses))
    if place is None:
        raise NoContract(
            f"{rows.sample.name}: no column could be the place of an event (a text that every row has)."
            " Add one to the sample: a canteen, a station, a division."
        )
    because = _because(place)
    if place.spec.optional:
        required = replace(place, spec=place.spec.model_copy(update={"optional": False}))
        guesses = [required if each is place else each for each in guesses]
        place = required
    if len(guesses) > MOST_FIELDS:
        fullest = sorted(guesses, key=lambda g: (g is not place, g.facts.empty))[:MOST_FIELDS]
        why = f"a contract has at most {MOST_FIELDS} fields; this one is emptier, or further to the right"
        left_out += [LeftOut(g.heading, why) for g in guesses if g not in fullest]
        guesses = [g for g in guesses if g in fullest]
    guesses += [inner for each in objects if each.items is None for inner in each.fields]
    twins = {each.name: each.evidence for each in twins_of(rows, guesses, place)}
    guesses = [replace(g, evidence=(*g.evidence, twins[g.name])) if g.name in twins else g for g in guesses]
    return Chosen(
        fields=tuple(guesses),
        time=moment.guess,
        id=identity,
        key=place,
        key_because=because,
        left_out=tuple(left_out),
        nested=tuple(objects),
        clock=moment.clock,
        twins=frozenset(twins),
    )


def _moment(rows: Rows, heading: str | None, guesses: Sequence[Guess]) -> Moment:
    """The event's time: of the column that is decided, or of two, or what the guesses say."""
    if heading is None:
        return moment_of(rows, guesses)
    there = {each.heading for each in guesses} | {each.name for each in guesses}
    if heading not in there and (said := said_moment(rows, heading, guesses)) is not None:
        return said
    return Moment(_part(heading, guesses, "time", lambda _: None))


def _guessed(
    rows: Rows, facts: Sequence[Facts], names: Mapping[str, str], identity: str | None
) -> tuple[list[Guess], list[Nested], list[LeftOut]]:
    """A guess for every column, those of an object together. `identity`: the id, if decided already."""
    guesses: list[Guess] = []
    left_out: list[LeftOut] = []
    inner: dict[str, list[Guess | LeftOut]] = {}
    lists: list[Facts] = []
    kinds = rows.sample.kinds
    numbered = any(map(has_numbers_of_people, facts))
    for each in facts:
        taken = [*names.values(), *(g.name for g in guesses)]
        counted = None if each.heading == identity else row_number(rows, each)
        if counted is not None:
            left_out.append(LeftOut(each.heading, counted))
            continue
        found = guess(rows, each, taken, name=names.get(each.heading), numbered=numbered)
        outer, dot, _ = each.heading.partition(WITHIN)
        if dot and each.heading in kinds:
            inner.setdefault(outer, []).append(found)
            continue
        if isinstance(found, LeftOut) and each.share("nested"):
            lists.append(each)
        if rows.sample.is_events and isinstance(found, Guess) and each.heading != TIME_ATTRIBUTE:
            found = native(found, each.heading, kinds.get(each.heading, frozenset()))
        guesses += [_told_apart(found, guesses)] if isinstance(found, Guess) else []
        left_out += [found] if isinstance(found, LeftOut) else []
    objects, without = _nested(rows, inner, lists, names, [*guesses])
    lost = {each.heading for each in without}
    kept = {each.heading for each in objects}
    left_out = [each for each in left_out if each.heading not in kept and each.heading not in lost]
    return [each for each in guesses if each.heading not in kept | lost], objects, [*left_out, *without]


def _nested(
    rows: Rows,
    inner: Mapping[str, Sequence[Guess | LeftOut]],
    lists: Sequence[Facts],
    names: Mapping[str, str],
    guesses: Sequence[Guess],
) -> tuple[list[Nested], list[LeftOut]]:
    """Objects and lists, and what is left out of them."""
    nested: list[Nested] = []
    left_out: list[LeftOut] = []
    plain = {each.heading for each in guesses}
    for heading, found in inner.items():
        if heading in plain:
            left_out.append(LeftOut(heading, "in some rows an object, in others a value"))
            continue
        taken = [*names.values(), *(g.name for g in guesses), *(each.name for each in nested)]
        made, without = object_of(rows, heading, found, taken)
        nested += [made] if made is not None else []
        left_out += without
    for facts in lists:
        taken = [*names.values(), *(g.name for g in guesses), *(each.name for each in nested)]
        listed = list_of(rows, facts, taken)
        if listed is not None:
            nested += [listed[0]] if listed[0] is not None else []
            left_out += listed[1]
    return nested, left_out


def _told_apart(found: Guess, others: Sequence[Guess]) -> Guess:
    """The guess under a title of its own: 费用(元) and 费用(分) are two fields."""
    titles = {other.spec.title for other in others}
    title, number = found.spec.title, 2
    if title in titles:
        title = " ".join(found.heading.split())[:60].strip()
    while title in titles:
        title = f"{found.spec.title[:50]} ({number})"
        number += 1
    return (
        found
        if title == found.spec.title
        else replace(found, spec=found.spec.model_copy(update={"title": title}))
    )


def _part(heading: str | None, guesses: Sequence[Guess], part: str, role: Role) -> Guess | None:
    if heading is None:
        return role(guesses)
    found = next((each for each in guesses if heading in (each.heading, each.name)), None)
    if found is None:
        there = ", ".join(each.heading for each in guesses)
        raise NoContract(
            f"--{part} {heading}: no such column, or nothing could be proposed for it; there are {there}."
        )
    if part == "time" and not is_moment(found):
        times = ", ".join(each.heading for each in guesses if is_moment(each)) or "none"
        raise NoContract(
            f"--time {heading}: no time but of type {found.spec.type} ({'; '.join(found.evidence[:1])})."
            f" Columns that are times: {times}."
        )
    return found


def _no_key(heading: str, found: Guess, guesses: Sequence[Guess]) -> str:
    kind = f"personal ({found.spec.type})" if found.spec.pii is not None else f"a {found.spec.type}"
    there = ", ".join(each.heading for each in guesses if may_be_key(each))
    return f"--key {heading}: it is {kind}; a place is a text that is not personal." + (
        f" There are {there}." if there else " The sample has none: add a canteen, a station, a division."
    )


def _because(place: Guess) -> str:
    facts = place.facts
    different = f"{facts.distinct:,} different in {facts.filled:,}"
    said = f"key, the place whose events stay in order: {place.heading}, {different}"
    if facts.empty:
        said += f"; required, so {facts.empty:,} rows without it would be refused"
    return said
