"""A column's facts -> the field that is proposed for it, with the evidence; or why none is."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from typing import Any

from streams.authoring import forms, hints
from streams.authoring.facts import Facts, Rows, lines_without, listed
from streams.authoring.headings import name_of, title_of
from streams.authoring.numbers import guess_number
from streams.authoring.people import are_names, why_personal
from streams.authoring.proposal import Proposal, Wrong
from streams.authoring.texts import guess_text
from streams.contract.model import FieldSpec
from streams.contract.types import NAMED_TYPES
from streams.importer.tables import WITHIN
from streams.importer.values import EPOCHS

MOST = 0.95
"""Share of the filled cells that must have a form for a column to be taken for it."""

HALF = 0.5
BY_CHECKSUM = 0.8
"""One of eleven texts is right by chance, one of ten numbers: eight of ten are no chance."""


@dataclass(frozen=True)
class Guess:
    """A field that is proposed. value: DuckDB SQL of its typed value over the sample's rows (null: empty)."""

    facts: Facts
    name: str
    spec: FieldSpec
    value: str
    evidence: tuple[str, ...] = ()
    unit: str | None = None
    form: str | None = None

    @property
    def heading(self) -> str:
        return self.facts.heading


@dataclass(frozen=True)
class LeftOut:
    """A column that no field is proposed for, and why."""

    heading: str
    why: str


@dataclass
class Guesses:
    """Everything that is proposed for a sample's columns, in the file's order."""

    fields: list[Guess] = field(default_factory=list)
    left_out: list[LeftOut] = field(default_factory=list)


def guess(
    rows: Rows, facts: Facts, taken: Collection[str], *, name: str | None = None, numbered: bool = False
) -> Guess | LeftOut:
    """The field for one column. taken: names that are given already. name: what its owner wants it called.
    numbered: people have a number in another column, so that their names add nothing."""
    why = _left_out(facts, numbered=numbered)
    if why is not None:
        return LeftOut(facts.heading, why)
    found = _proposal(rows, facts)
    options: dict[str, Any] = {"title": title_of(facts.heading), "type": found.type, **found.options}
    if NAMED_TYPES[found.type].personal:
        options["pii"] = "tokenise"
    if facts.empty:
        options["optional"] = True
    proposed = name or name_of(facts.heading, taken)
    if found.type == "fen" and not proposed.endswith("_fen") and name is None:
        proposed = name_of(f"{proposed}_fen", taken)
    return Guess(
        facts=facts,
        name=proposed,
        spec=FieldSpec.model_validate(options),
        value=found.value,
        evidence=tuple(_evidence(rows, facts, found)),
        unit=found.unit,
        form=found.form,
    )


def has_numbers_of_people(facts: Facts) -> bool:
    """Whether the cells are what people are counted by: identity numbers, mobiles."""
    return max(facts.share("cn_id!"), facts.share("mobile")) >= BY_CHECKSUM


def _left_out(facts: Facts, *, numbered: bool) -> str | None:  # noqa: PLR0911 (one line a reason)
    heading = facts.heading
    if not facts.filled:
        return "it is always empty"
    if facts.share("nested") >= HALF:
        deep = WITHIN in heading
        return "two levels deep; a contract has one" if deep else "its cells are objects or lists"
    if facts.share("cut") >= HALF:
        shown = facts.values[0][0]
        return f"a spreadsheet has cut its digits ({shown}): export the column as text"
    if facts.share("masked") >= HALF:
        return "its digits are masked: nothing can be counted by them; export them whole, they become tokens"
    if heading in hints.PERSON_NAME or _looks_like_names(facts):
        return _name_left_out(facts, numbered=numbered)
    if heading in hints.EMAIL or (heading in hints.ADDRESS and heading not in hints.HOME):
        return (
            "it can lead to a person; if it is a place's own, add it as text; a person's, as"
            " {type: address, pii: tokenise}"
        )
    if heading in hints.PHONE and facts.share("mobile") < HALF <= facts.share("telephone"):
        return "telephone numbers that are no mobiles: no named type makes tokens of them"
    if heading in hints.IDENTITY and max(facts.share("cn_id"), facts.share("uscc")) < HALF:
        return (
            "document numbers of another kind than the 18 characters that can be checked and made tokens of"
        )
    if max(facts.share("cn_id!"), facts.share("mobile"), facts.share("truth")) < HALF:
        return why_personal(heading)
    return None


def _name_left_out(facts: Facts, *, numbered: bool) -> str | None:
    if numbered:
        return "names of people: they are counted by tokens of their numbers, which stand in another column"
    if facts.share("person_name") < HALF:
        if facts.heading in hints.PERSON_NAME:
            return "names of people, not written so that tokens of them would be the same each time"
        return "names of people; where they are to be counted, add {type: person_name, pii: tokenise}"
    return None


def _looks_like_names(facts: Facts) -> bool:
    few = 20
    if facts.distinct > few:
        return facts.share("surname") >= BY_CHECKSUM
    return are_names(facts.heading, [value for value, _ in facts.values])


def _proposal(rows: Rows, facts: Facts) -> Proposal:
    return (
        _identifier(facts)
        or _member(facts)
        or _truth(facts)
        or _moment(facts)
        or guess_number(rows, facts)
        or guess_text(rows, facts)
    )


def _identifier(facts: Facts) -> Proposal | None:
    heading = facts.heading
    hinted = {
        "cn_id": heading in hints.IDENTITY,
        "uscc": "信用代码" in heading,
        "bank_card": heading in hints.BANK_CARD,
    }
    # A card may be any card: the heading alone does not make it a bank's.
    hinted["bank_card"] = hinted["bank_card"] and facts.share("bank_card!") >= HALF
    for name, by_heading in hinted.items():
        if facts.share(f"{name}!") >= BY_CHECKSUM or (by_heading and facts.share(name) >= HALF):
            because = (
                "right by checksum"
                if facts.share(f"{name}!") >= BY_CHECKSUM
                else "right by checksum; the heading says what they are meant to be"
            )
            return Proposal(name, forms.identifier(facts.column), Wrong(f"{name}!", because))
    if facts.share("plate") >= (HALF if heading in hints.PLATE else MOST):
        return Proposal("plate", forms.identifier(facts.column), Wrong("plate", "licence plates"))
    for name, hint, said in _BY_HEADING:
        if heading in hint and facts.share(name) >= HALF:
            return Proposal(name, forms.identifier(facts.column), Wrong(name, f"{said}; the heading decided"))
    if facts.share("mobile") >= (HALF if heading in hints.PHONE else MOST):
        return Proposal("mobile", forms.identifier(facts.column), Wrong("mobile", "mobile numbers"))
    if heading in hints.INSURANCE and facts.share("insurance_no") >= HALF:
        return Proposal(
            "insurance_no",
            forms.identifier(facts.column),
            Wrong("insurance_no", "of that form; they have no checksum, the heading decided"),
        )
    return None


_BY_HEADING = (
    ("address", hints.HOME, "addresses of 4 to 120 characters"),
    ("person_name", hints.PERSON_NAME, "names in Han characters; two people may have the same"),
)


def _member(facts: Facts) -> Proposal | None:
    """A type that knows all its values: divisions, by code or by name."""
    for name, named in NAMED_TYPES.items():
        if named.labels and facts.share(name) >= MOST:
            return Proposal(
                name, forms.plain(facts.column), Wrong(name, f"in the reference table of type {name}")
            )
    return None


def _truth(facts: Facts) -> Proposal | None:
    two = 2
    if facts.share("truth") < MOST or len(facts.values) > two:
        return None
    if facts.share("digit_truth") >= MOST and facts.heading not in hints.FLAG:
        return None
    value = f"lower({forms.plain(facts.column)}) in ('是', '有', 'true', 'y', 'yes', '1', '√')"
    return Proposal("bool", value, Wrong("truth", f"yes or no ({_values(facts)})"))


def _moment(facts: Facts) -> Proposal | None:
    enough = HALF if facts.heading in hints.MOMENT else MOST
    if facts.share("day") >= enough and not _is_code(facts):
        kind = "timestamp" if facts.share("clock") >= HALF else "date"
        return Proposal(
            kind,
            forms.moment(facts.column),
            Wrong("day", f"read as a {'time' if kind == 'timestamp' else 'date'}"),
        )
    if (since_1970 := _since_1970(facts)) is not None:
        return since_1970
    known = [form for form in forms.FOREIGN if facts.share(form) >= MOST]
    if not known:
        return None
    best = max(known, key=lambda form: facts.having[form])
    also = [f for f in known if f != best and facts.having[f] == facts.having[best] and f[:2] != best[:2]]
    said = f"read by the format {best}" + (f" (so would {also[0]}: see which is meant)" if also else "")
    kind = "timestamp" if "%H" in best or "%I" in best else "date"
    return Proposal(kind, forms.foreign_moment(facts.column, best), Wrong(best, said), form=best)


def _since_1970(facts: Facts) -> Proposal | None:
    """Whole numbers are moments only where the heading names one: a serial number may look the same."""
    best = max(EPOCHS, key=facts.share)
    if facts.share(best) < HALF or facts.heading not in hints.INSTANT:
        return None
    said = f"{best} since 1970, told to the importer by the mapping"
    return Proposal("timestamp", forms.foreign_moment(facts.column, best), Wrong(best, said), form=best)


def _is_code(facts: Facts) -> bool:
    """Eight digits may be a date without separators, or a number under which something is filed."""
    return facts.share("whole") >= MOST and facts.heading in hints.CODE


def _values(facts: Facts) -> str:
    return ", ".join(value for value, _ in facts.values)


def _evidence(rows: Rows, facts: Facts, found: Proposal) -> Iterator[str]:
    if found.wrong is not None:
        having = facts.having.get(found.wrong.form, 0)
        wrong = facts.filled - having
        text = f"{having:,} of {facts.filled:,} are {found.wrong.said}"
        if wrong:
            named = listed(lines_without(rows, facts, found.wrong.form), wrong)
            text += f"; {wrong:,} {'is' if wrong == 1 else 'are'} not and would be refused: {named}"
        yield text
    yield from found.evidence
    if facts.empty:
        marks = ", ".join(f"'{mark}' in {count:,}" for mark, count in sorted(facts.marks.items()))
        written = f", taken for nothing: {marks}" if marks else ""
        yield f"{facts.empty:,} of {facts.rows:,} are empty ({facts.empty / facts.rows:.2%}){written}"
