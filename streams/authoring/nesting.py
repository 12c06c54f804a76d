"""Objects and lists of a sample as the contract has them: fields of their own, one level deep."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from streams.authoring.facts import Facts, Rows, facts_of, listed
from streams.authoring.guess import HALF, Guess, LeftOut, guess, has_numbers_of_people
from streams.authoring.headings import name_of, title_of
from streams.authoring.json_cells import Items, items_of
from streams.authoring.native import as_written
from streams.contract.model import MOST_ITEMS
from streams.importer.tables import WITHIN

NEARLY_ALL = 0.98
"""Share of the objects that must have a key for it to be required where no key is in all of them."""

_MOST = (5, 10, 20, 50, MOST_ITEMS)
Spec = Callable[[Guess], Mapping[str, Any]]


@dataclass(frozen=True)
class Nested:
    """An object, or a list of objects. fields: under flat names, `<object>__<field>`.

    required: flat names of those that are in each of the objects. is_told: whether the importer must be told
    how its keys are written; otherwise it takes them as they stand. items: of a list, what stands in it.
    """

    heading: str
    name: str
    title: str
    is_optional: bool
    fields: tuple[Guess, ...]
    required: frozenset[str]
    is_told: bool = False
    items: Items | None = None
    evidence: tuple[str, ...] = ()

    @property
    def most_items(self) -> int:
        """Of a list: the bound that is proposed."""
        longest = max(self.items.lengths, default=0) if self.items is not None else 0
        return next((most for most in _MOST if most >= longest), MOST_ITEMS)

    def section(self, spec: Spec) -> dict[str, Any]:
        """The entry under `fields`. spec: what is said of a field, without `optional`."""
        inner = {
            each.name.partition("__")[2]: {
                **{key: value for key, value in spec(each).items() if key != "optional"},
                **({} if each.name in self.required else {"optional": True}),
            }
            for each in self.fields
        }
        kind = {"type": "object"} if self.items is None else {"type": "list", "max_items": self.most_items}
        optional = {"optional": True} if self.is_optional else {}
        return {"title": self.title, **kind, **optional, "fields": inner}


def object_of(
    rows: Rows, heading: str, found: Sequence[Guess | LeftOut], taken: Sequence[str]
) -> tuple[Nested | None, list[LeftOut]]:
    """An object out of the guesses for its keys, and what is left out of it, or it itself."""
    columns = [each.facts.column for each in found if isinstance(each, Guess)]
    there = " or ".join(f"{column} is not null" for column in columns) or "false"
    (objects,) = rows.one(f"select count(*) from rows where {there}")  # noqa: S608 (of columns c<n>)
    made, left_out = _nested(rows, heading, found, taken, objects)
    if made is None:
        return None, left_out
    optional = objects < rows.count
    fields = tuple(
        replace(
            each, spec=each.spec.model_copy(update={"optional": optional or each.name not in made.required})
        )
        for each in made.fields
    )
    return replace(made, fields=fields, is_optional=optional), left_out


def list_of(rows: Rows, facts: Facts, taken: Sequence[str]) -> tuple[Nested | None, list[LeftOut]] | None:
    """A list out of a column of them, and what is left out of it, or it itself; None where it holds none."""
    heading = facts.heading
    items = items_of(rows.sample, heading)
    if items is None:
        return None
    objects = items.items.rows.num_rows
    if items.plain or not objects:
        why = (
            "a list of plain values: the lists of a contract are of objects, [{code: ...}, ...]"
            if items.plain
            else "its lists are always empty"
        )
        return None, [LeftOut(heading, why)]
    inside = Rows.of(items.items)
    try:
        known = facts_of(inside)
        numbered = any(map(has_numbers_of_people, known))
        found: list[Guess | LeftOut] = [_within(inside, each, numbered=numbered) for each in known]
        found = [_renamed(each, heading) for each in found]
        made, left_out = _nested(inside, heading, found, taken, objects)
    finally:
        inside.close()
    if made is None:
        return None, left_out
    return replace(
        made, is_optional=facts.empty > 0, items=items, evidence=tuple(_evidence(rows, facts, items))
    ), left_out


def _within(rows: Rows, facts: Facts, *, numbered: bool) -> Guess | LeftOut:
    if WITHIN in facts.heading or facts.share("nested") >= HALF:
        return LeftOut(facts.heading, "two levels deep; a contract has one")
    return guess(rows, facts, (), numbered=numbered)


def _renamed(found: Guess | LeftOut, heading: str) -> Guess | LeftOut:
    """The same under the heading of its list and its own."""
    if isinstance(found, LeftOut):
        return replace(found, heading=f"{heading}{WITHIN}{found.heading}")
    return replace(found, facts=replace(found.facts, heading=f"{heading}{WITHIN}{found.heading}"))


def _nested(
    rows: Rows, heading: str, found: Sequence[Guess | LeftOut], taken: Sequence[str], objects: int
) -> tuple[Nested | None, list[LeftOut]]:
    kinds = {f"{heading}{WITHIN}{key}": kinds for key, kinds in rows.sample.kinds.items()} | {
        **rows.sample.kinds
    }
    plain = as_written(found, kinds)
    if rows.sample.is_events and isinstance(plain, LeftOut):
        why = f"an object that cannot be taken whole: {plain.heading}: {plain.why}"
        return None, [LeftOut(heading, why)]
    guesses = [each for each in found if isinstance(each, Guess)]
    is_told = not rows.sample.is_events and not _is_plain(plain, guesses)
    fields = _named(guesses) if is_told or isinstance(plain, LeftOut) else plain
    left_out = [each for each in found if isinstance(each, LeftOut)]
    required = {each.heading for each in fields if each.facts.filled == objects}
    if not required:
        fullest = max(fields, key=lambda each: each.facts.filled, default=None)
        if fullest is None or fullest.facts.filled < NEARLY_ALL * objects:
            return None, [*left_out, LeftOut(heading, "no key that can be a field is in all of its objects")]
        required = {fullest.heading}
    name = name_of(heading, taken)
    named = _flat(name, fields)
    needed = frozenset(each.name for each in named if each.heading in required)
    return Nested(heading, name, title_of(heading), False, tuple(named), needed, is_told), left_out


def _flat(name: str, fields: Sequence[Guess]) -> list[Guess]:
    """Under flat names; titled by their keys, each by its own."""
    titles: list[str] = []
    for each in fields:
        key = each.heading.rpartition(WITHIN)[2]
        titles.append(title_of(key) if title_of(key) not in titles else f"{key[:50]} ({len(titles)})")
    return [
        replace(each, name=f"{name}__{each.name}", spec=each.spec.model_copy(update={"title": title}))
        for each, title in zip(fields, titles, strict=True)
    ]


def _is_plain(plain: list[Guess] | LeftOut, guesses: Sequence[Guess]) -> bool:
    """Whether nothing is lost where the importer takes the values as they stand."""
    return not isinstance(plain, LeftOut) and all(
        one.spec.type == other.spec.type and not one.facts.marks
        for one, other in zip(plain, guesses, strict=True)
    )


def _named(guesses: Sequence[Guess]) -> list[Guess]:
    """The guesses under names of their own keys, not of the whole heading."""
    named: list[Guess] = []
    for each in guesses:
        key = each.heading.rpartition(WITHIN)[2]
        name = name_of(key, [other.name for other in named])
        if each.spec.type == "fen" and not name.endswith("_fen"):
            name = name_of(f"{name}_fen", [other.name for other in named])
        named.append(replace(each, name=name))
    return named


def _evidence(rows: Rows, facts: Facts, items: Items) -> Iterator[str]:
    lengths, count = items.lengths, len(items.lengths)
    part = "" if count >= facts.filled else f" in the first {count:,} lists"
    yield (
        f"lists of {min(lengths):,} to {max(lengths):,} objects, {sum(lengths) / count:.1f} on average{part};"
        " they can be counted, not grouped by"
    )
    if max(lengths) > MOST_ITEMS:
        column = facts.column
        longer = f"coalesce(try(json_array_length({column})), 0) > {MOST_ITEMS}"
        (more,) = rows.one(f"select count(*) from rows where {longer}")  # noqa: S608 (of columns c<n>)
        yield f"more than {MOST_ITEMS}, would be refused: {listed(rows.lines(longer), more)}"
