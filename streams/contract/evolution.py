"""May a contract replace the one that is deployed? Pure: two contracts in, what speaks against it out.

Allowed: new optional field (within an object or a list too), enum value, metric or ratio; wider range,
length, `max_items` or `times`; another step of a life cycle, another way from step to step, other
deadlines; another acceptance window, which concerns only what is yet to come; texts, volumes, retention,
day rules, examples. Refused is whatever would make an event that was right wrong, a case that was in order
out of order, or a number that is kept mean something else: that is a source of its own, `<source>_v2`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from streams.contract import strict_yaml
from streams.contract.errors import EvolutionError, Problem
from streams.contract.model import NESTED, Check, Contract, FieldSpec, LifeCycle, Metric, Unique
from streams.contract.strict_yaml import Path
from streams.contract.types import max_length_of, range_of

Breach = tuple[Path, str, str]
"""(path in the new contract, what changed, how it is deployed)"""


def refuse_breaking(deployed: Contract, wanted: Contract) -> None:
    """Raises EvolutionError, with the lines of `wanted`, where it may not replace `deployed`."""
    found = list(breaches(deployed, wanted))
    if not found:
        return
    name = f"{wanted.source}.yaml"
    document = strict_yaml.read(wanted.text, name) if wanted.text else strict_yaml.Document(name)
    remedy = f"Take it back, or deploy the new form as {wanted.source}_v2 beside the old one."
    raise EvolutionError(
        Problem(name, document.line(path), what, f"{expected}, as it is deployed", remedy)
        for path, what, expected in found
    )


def breaches(deployed: Contract, wanted: Contract) -> Iterator[Breach]:
    """What would break, in the order of the contract's sections."""
    yield from _topic(deployed, wanted)
    yield from _fields(("fields",), deployed.fields, wanted.fields)
    yield from _checks(deployed.checks, wanted.checks)
    yield from _unique(deployed.unique, wanted.unique)
    yield from _life_cycle(deployed.life_cycle, wanted.life_cycle)
    for name, metric in deployed.metrics.items():
        yield from _metric(("metrics", name), metric, wanted.metrics.get(name))


def _topic(deployed: Contract, wanted: Contract) -> Iterator[Breach]:
    for key in ("key", "partitions"):
        old, new = getattr(deployed.topic, key), getattr(wanted.topic, key)
        if old != new:
            yield ("topic", key), f"topic.{key} is {new}", str(old)


def _fields(
    path: Path, deployed: Mapping[str, FieldSpec], wanted: Mapping[str, FieldSpec]
) -> Iterator[Breach]:
    for name, old in deployed.items():
        new = wanted.get(name)
        if new is None:
            yield path, f"field '{name}' is gone", f"the field '{name}'"
        else:
            yield from _field((*path, name), old, new)
    for name, added in wanted.items():
        if name not in deployed and not added.optional:
            what = f"field '{name}' is new and required"
            yield (*path, name), what, "no such field; a new one is optional"


def _field(path: Path, old: FieldSpec, new: FieldSpec) -> Iterator[Breach]:
    name = path[-1]
    if new.type != old.type:
        yield (*path, "type"), f"field '{name}' is a {new.type}", f"a {old.type}"
        return
    if new.optional != old.optional:
        state = {True: "optional", False: "required"}
        yield (*path, "optional"), f"field '{name}' is {state[new.optional]}", state[old.optional]
    if old.type in NESTED:
        yield from _fields((*path, "fields"), old.fields, new.fields)
        if new.most_items < old.most_items:
            yield (*path, "max_items"), f"field '{name}' has max_items {new.most_items}", str(old.most_items)
        return
    if new.pii != old.pii:
        yield (*path, "pii"), f"field '{name}' has pii: {new.pii}", f"pii: {old.pii}"
    if new.pattern != old.pattern:
        yield (
            (*path, "pattern"),
            f"field '{name}' has the pattern {new.pattern}",
            f"the pattern {old.pattern}",
        )
    gone = [value for value in old.values or {} if value not in (new.values or {})]
    if gone:
        yield (*path, "values"), f"field '{name}' lost {', '.join(gone)}", "every value"
    if _narrower(range_of(old), range_of(new)):
        yield (*path, "range"), f"field '{name}' has the range {_shown(range_of(new))}", _shown(range_of(old))
    if (max_length_of(new) or 0) < (max_length_of(old) or 0):
        what = f"field '{name}' has max_length {max_length_of(new)}"
        yield (*path, "max_length"), what, str(max_length_of(old))


def _narrower(old: tuple[Any, Any] | None, new: tuple[Any, Any] | None) -> bool:
    return old is not None and new is not None and (new[0] > old[0] or new[1] < old[1])


def _shown(span: tuple[Any, Any] | None) -> str:
    return f"[{span[0]}, {span[1]}]" if span else "no range"


def _checks(old: Mapping[str, Check], new: Mapping[str, Check]) -> Iterator[Breach]:
    for name, check in old.items():
        if name not in new:
            yield ("checks",), f"check '{name}' is gone", f"the check '{name}'"
        elif new[name].that != check.that:
            yield ("checks", name, "that"), f"check '{name}' asks for {new[name].that}", check.that
    for name in new:
        if name not in old:
            yield ("checks", name), f"check '{name}' is new", "no such check"


def _unique(old: Mapping[str, Unique], new: Mapping[str, Unique]) -> Iterator[Breach]:
    for name, rule in old.items():
        wanted = new.get(name)
        if wanted is None:
            yield ("unique",), f"rule '{name}' is gone", f"the rule '{name}'"
            continue
        for key in ("fields", "per", "where"):
            before, after = getattr(rule, key), getattr(wanted, key)
            if before != after:
                yield ("unique", name, key), f"rule '{name}' has {key} {_said(after)}", _said(before)
        if wanted.times < rule.times:
            yield ("unique", name, "times"), f"rule '{name}' lets {wanted.times} through", str(rule.times)
    for name in new:
        if name not in old:
            yield ("unique", name), f"rule '{name}' is new", "no such rule"
    if list(new) != list(old) and new.keys() == old.keys():
        # A later rule counts only what the earlier ones let through.
        yield ("unique",), f"the rules are asked in the order {', '.join(new)}", ", ".join(old)


def _life_cycle(old: LifeCycle | None, new: LifeCycle | None) -> Iterator[Breach]:
    path: Path = ("life_cycle",)
    if old is None:
        return
    if new is None:
        yield path, "the life cycle is gone", "a life cycle: cases are open"
        return
    for key in ("case", "step"):
        before, after = getattr(old, key), getattr(new, key)
        if before != after:
            yield (*path, key), f"{key} is the field '{after}'", f"'{before}'"
    ways: dict[tuple[str, ...], tuple[tuple[str, ...], tuple[str, ...]]] = {
        ("start",): (old.start, new.start)
    }
    ways |= {("then", step): (steps, new.then.get(step, ())) for step, steps in old.then.items()}
    for where, (steps, kept) in ways.items():
        if lost := [step for step in steps if step not in kept]:
            yield (*path, *where), f"{strict_yaml.dotted(where)} lost {', '.join(lost)}", ", ".join(steps)


def _said(value: Any) -> str:
    return ", ".join(value) if isinstance(value, tuple) else str(value or "nothing")


def _metric(path: Path, old: Metric, new: Metric | None) -> Iterator[Breach]:
    name = path[-1]
    if new is None:
        yield path[:-1], f"metric '{name}' is gone", f"the metric '{name}'"
        return
    if new.by != old.by:
        yield (*path, "by"), f"metric '{name}' is by {', '.join(new.by)}", f"by {', '.join(old.by)}"
    before = {key: measure.of for key, measure in old.measures.items()}
    after = {key: measure.of for key, measure in new.measures.items()}
    if before != after:
        yield (*path, "measures"), f"metric '{name}' measures {_listed(after)}", _listed(before)


def _listed(measures: Mapping[str, str]) -> str:
    return ", ".join(f"{name}: {of}" for name, of in measures.items())
