"""What is allowed in a contract and probably not meant: warnings; and examples that are not what they say."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from datetime import timedelta
from math import prod
from random import Random

from streams.authoring import hints
from streams.authoring.example_verdicts import example_verdicts
from streams.authoring.headings import is_chinese
from streams.authoring.people import are_names, why_personal
from streams.authoring.rhythm import UNKNOWN
from streams.contract.errors import Problem
from streams.contract.model import NESTED, Contract, Expect, FieldSpec
from streams.contract.rules.fields import ENVELOPE
from streams.contract.strict_yaml import Document, Path, read
from streams.contract.types import NAMED_TYPES, values_of
from streams.judge.mask import names_a_person

MOST_GROUPS = 10_000
LONG_ACCEPTANCE = timedelta(days=366)
SHORT_RETENTION = timedelta(days=3)
EXPECTED_EVENTS = 5
"""With five expected, none comes in less than one of a hundred such spans (Poisson)."""

PLACEHOLDERS = ("待定", "待补充")
_MADE = 20
_OF_ANY_FORM = frozenset({"insurance_no", "person_name", "address"})
"""Personal types whose values have the form of much that is not personal."""

_HOUR = timedelta(hours=1)

Remark = tuple[Path, str, str, str]
"""(path in the contract, what was found, what was expected, what to do)"""


def example_problems(contract: Contract, name: str) -> list[Problem]:
    """Examples that the judge does not take for what they are written down as."""
    return _placed(contract, name, _wrong_examples(contract))


def warnings(contract: Contract, name: str) -> list[Problem]:
    """Everything that may be a mistake, by line. The contract can be used all the same."""
    rules: tuple[Callable[[Contract], Iterator[Remark]], ...] = (
        _placeholders,
        _attributes,
        _unmarked_persons,
        _wide_dimensions,
        _unexercised_rules,
        _unshown_fields,
        _hours,
        _silence,
        _spans,
        _words,
    )
    return _placed(contract, name, (remark for rule in rules for remark in rule(contract)))


def _placed(contract: Contract, name: str, remarks: Iterator[Remark]) -> list[Problem]:
    found = list(remarks)
    if not found:
        return []
    document = read(contract.text, name) if contract.text else Document(name)
    return sorted(
        Problem(name, document.line(path), what, expected, remedy) for path, what, expected, remedy in found
    )


def _wrong_examples(contract: Contract) -> Iterator[Remark]:
    good, bad = example_verdicts(contract)
    for index, verdict in enumerate(good):
        if verdict.reasons:
            said = ", ".join(f"{code} ({field})" if field else code for code, field in verdict.reasons)
            yield (
                ("examples", "good", index),
                f"it is rejected: {said}",
                "an event that is accepted",
                "Correct it.",
            )
    for index, (example, verdict) in enumerate(zip(contract.examples.bad, bad, strict=True)):
        if example.because.startswith("unique:") or verdict.gives(example.because, example.field):
            continue
        said = (
            ", ".join(f"{code} ({field})" if field else code for code, field in verdict.reasons) or "accepted"
        )
        wanted = f"{example.because} ({example.field})" if example.field else example.because
        yield (
            ("examples", "bad", index),
            f"it is {said}",
            f"rejected: {wanted}",
            "Correct the example or the reason.",
        )


def _placeholders(contract: Contract) -> Iterator[Remark]:
    for key in ("title", "about", "owner"):
        text = getattr(contract, key)
        if any(word in text for word in PLACEHOLDERS):
            yield (key,), f"'{text}' is a placeholder", "words of your own", "Operators read them."


def _attributes(contract: Contract) -> Iterator[Remark]:
    for name in contract.fields:
        if name in ENVELOPE:
            remedy = (
                "Call it by its subject. Readers, and for id and time the importer, take it for the event's."
            )
            yield ("fields", name), f"'{name}' is an attribute that every event has", "another name", remedy


def _unmarked_persons(contract: Contract) -> Iterator[Remark]:
    for path, spec in _fields(contract):
        why = _personal(str(path[-1]), spec) or _shown_person(contract, path)
        if why is not None:
            remedy = "Give it a personal type with pii: tokenise, or leave it out."
            yield (
                path,
                f"'{path[-1]}' may be personal and is not marked: {why}",
                "no person's data as it is",
                remedy,
            )


def _personal(name: str, spec: FieldSpec) -> str | None:
    if spec.pii is not None or spec.type not in ("text", "count", "int", "enum", "date"):
        return None
    called = next((text for text in (name, spec.title) if why_personal(text)), None)
    if called is not None:
        return f"it is called '{called}'"
    if spec.type in ("enum", "date"):
        return _listed_names(name, spec)
    return _personal_text(name, spec)


def _listed_names(name: str, spec: FieldSpec) -> str | None:
    are_people = any(are_names(text, list(spec.values or ())) for text in (name, spec.title))
    return "its values look like names of people" if are_people else None


def _personal_text(name: str, spec: FieldSpec) -> str | None:
    for text in (name, spec.title):
        for hint in (
            hints.IDENTITY,
            hints.PHONE,
            hints.BANK_CARD,
            hints.INSURANCE,
            hints.PERSON_NAME,
            hints.HOME,
            hints.PLATE,
            hints.EMAIL,
        ):
            if text in hint:
                return f"it is called '{text}'"
    if spec.pattern is None:
        return None
    pattern = re.compile(spec.pattern)
    for kind, named in NAMED_TYPES.items():
        made = (str(named.make(Random(seed), spec)) for seed in range(_MADE))  # noqa: S311 (nothing secret)
        if named.personal and kind not in _OF_ANY_FORM and all(pattern.fullmatch(value) for value in made):
            return f"its pattern lets every {kind} pass"
    return None


def _shown_person(contract: Contract, path: Path) -> str | None:
    name = str(path[1])
    shown = [data.get(name) for data in contract.examples.good]
    if any(isinstance(value, str) and names_a_person(value) for value in shown):
        return "an example has a person's number"
    return None


def _wide_dimensions(contract: Contract) -> Iterator[Remark]:
    for name, metric in contract.metrics.items():
        sizes = []
        for index, dimension in enumerate(metric.by):
            size = _size(contract, dimension)
            if size is None or size > MOST_GROUPS:
                said = "any text" if size is None else f"up to {size:,} values"
                remedy = "Group by an enum, a division or a shorter code; count it by 'of: distinct'."
                yield (
                    ("metrics", name, "by", index),
                    f"'{dimension}' can have {said}",
                    f"at most {MOST_GROUPS:,}",
                    remedy,
                )
            sizes.append(min(size or MOST_GROUPS, MOST_GROUPS))
        if len(sizes) > 1 and max(sizes) < MOST_GROUPS < prod(sizes):
            what = f"{' x '.join(map(str, sizes))} groups a minute"
            yield ("metrics", name, "by"), what, f"at most {MOST_GROUPS:,}", "Make two metrics of it."


def _size(contract: Contract, name: str) -> int | None:
    """How many values a dimension can have; None where nothing limits them."""
    spec = contract.columns[name]
    hint = contract.simulate.get(name)
    if spec.type == "bool":
        return 2
    if values_of(spec):
        return len(values_of(spec))
    if hint is not None and hint.distinct is not None:
        return hint.distinct
    if hint is not None and hint.reference is not None:
        return 1
    return None if spec.pattern is None else _matching(spec.pattern)


def _matching(pattern: str) -> int:
    """How many texts a pattern can match at most, as far as digits, letters and lengths tell."""
    size = 1
    for characters, repeat in re.findall(r"(\\d|\[[^\]]*\]|\.|[^\\{}])(?:\{(?:\d+,)?(\d+)\}|[*+])?", pattern):
        choices = (
            10 if characters == "\\d" else 26 if characters[0] == "[" else 100 if characters == "." else 1
        )
        size *= choices ** min(int(repeat or 1), 12)
    return size


def _unexercised_rules(contract: Contract) -> Iterator[Remark]:
    shown = {example.because for example in contract.examples.bad}
    for kind, rules in (("check", contract.checks), ("unique", contract.unique)):
        for name in rules:
            if f"{kind}:{name}" not in shown:
                section = "checks" if kind == "check" else "unique"
                remedy = f"Add {{because: '{kind}:{name}', change: {{...}}}} to examples.bad."
                yield (section, name), f"no counter-example breaks '{name}'", "one that does", remedy
    if not contract.examples.bad:
        yield ("examples",), "no counter-example", "some, each with its reason", "Add examples.bad."


def _unshown_fields(contract: Contract) -> Iterator[Remark]:
    for name in contract.fields:
        if all(data.get(name) is None for data in contract.examples.good):
            yield ("fields", name), f"no good example has '{name}'", "one that has", "Add it to one of them."


def _hours(contract: Contract) -> Iterator[Remark]:
    made_up = UNKNOWN.expect["by_hour"]
    if contract.expect.by_hour == made_up:
        remedy = "Say when events come, and how many: alarms for silence and volume go by that."
        yield ("expect", "by_hour"), "the hours are placeholders", "hours of your own", remedy


def _silence(contract: Contract) -> Iterator[Remark]:
    """An alarm after a pause that happens by chance is an alarm that nobody reads."""
    expect = contract.expect
    hours = expect.silent_after / _HOUR
    spans = {begin: _expected(expect, begin, hours) for begin in expect.by_hour}
    known = {begin: events for begin, events in spans.items() if events is not None}
    if known and min(known.values()) < EXPECTED_EVENTS:
        begin = min(known, key=lambda hour: known[hour])
        what = f"about {known[begin]:.1f} events are expected in {expect.silent_after} from {begin:02d}:00 on"
        remedy = "Wait longer before a source counts as silent, or there are alarms for nothing."
        yield ("expect", "silent_after"), what, f"at least {EXPECTED_EVENTS}", remedy


def _expected(expect: Expect, begin: int, hours: float) -> float | None:
    """Events in so many hours from `begin` on; None where the source is quiet on purpose in between."""
    share, hour, left = 0.0, begin, hours
    while left > 0:
        if expect.by_hour.get(hour, 0) <= 0:
            return None
        share += expect.by_hour[hour] * min(left, 1)
        hour, left = hour + 1, left - 1
    return expect.per_day * share / 100


def _spans(contract: Contract) -> Iterator[Remark]:
    if contract.accept.past > LONG_ACCEPTANCE:
        what = f"events of the last {contract.accept.past.days:,} days are accepted"
        yield ("accept", "past"), what, "60d once history is imported", "Narrow it again after the import."
    if contract.topic.retention < SHORT_RETENTION:
        what = f"Kafka keeps events for {contract.topic.retention}"
        remedy = "What is not archived by then is lost; a weekend is two days."
        yield ("topic", "retention"), what, f"{SHORT_RETENTION.days}d or more", remedy


def _words(contract: Contract) -> Iterator[Remark]:
    for path, spec in _fields(contract):
        if not is_chinese(spec.title):
            yield (*path, "title"), f"the title '{spec.title}'", "a Chinese title", "Operators read it."
        foreign = [
            value for value, label in (spec.values or {}).items() if label == value and not is_chinese(label)
        ]
        if foreign and not all(value.isupper() or value.isdigit() for value in foreign):
            listed = ", ".join(foreign[:5])
            yield (*path, "values"), f"labels that only repeat their values: {listed}", "Chinese labels", ""


def _fields(contract: Contract) -> Iterator[tuple[Path, FieldSpec]]:
    """Every field, those within objects and lists too."""
    for name, spec in contract.fields.items():
        if spec.type in NESTED:
            yield from ((("fields", name, "fields", key), inner) for key, inner in spec.fields.items())
        else:
            yield ("fields", name), spec
