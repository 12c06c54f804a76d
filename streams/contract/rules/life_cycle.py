"""Rules for `life_cycle`: a case is named, its steps are known, each can be reached, and it can end."""

from __future__ import annotations

from collections.abc import Iterator

from streams.contract import checks
from streams.contract.model import Contract, LifeCycle
from streams.contract.rules.complaint import Complaint, about
from streams.contract.strict_yaml import Path
from streams.contract.suggestions import did_you_mean, one_of

_HERE: Path = ("life_cycle",)


def complaints(contract: Contract) -> Iterator[Complaint]:
    cycle = contract.life_cycle
    if cycle is None:
        return
    found = [*_case(contract, cycle), *_step(contract, cycle)]
    yield from found
    if not found:
        yield from _steps(cycle, tuple(contract.columns[cycle.step].values or {}))


def _case(contract: Contract, cycle: LifeCycle) -> Iterator[Complaint]:
    names = [
        name
        for name, spec in contract.columns.items()
        if checks.kind_of(spec) == "text" and not spec.optional and not spec.values
    ]
    if cycle.case not in names:
        what = (
            f"no field '{cycle.case}'"
            if cycle.case not in contract.columns
            else f"'{cycle.case}' names no case"
        )
        expected = f"a text that every event has: {one_of(names)}"
        yield about((*_HERE, "case"), what, expected, did_you_mean(cycle.case, names))


def _step(contract: Contract, cycle: LifeCycle) -> Iterator[Complaint]:
    enums = [name for name, spec in contract.columns.items() if spec.type == "enum" and not spec.optional]
    if cycle.step not in enums:
        what = (
            f"no field '{cycle.step}'" if cycle.step not in contract.columns else f"'{cycle.step}' is no step"
        )
        expected = f"an enum that every event has: {one_of(enums) if enums else 'there is none'}"
        yield about((*_HERE, "step"), what, expected, did_you_mean(cycle.step, enums))


def _steps(cycle: LifeCycle, known: tuple[str, ...]) -> Iterator[Complaint]:
    named: list[tuple[Path, str]] = [
        *((("start", index), step) for index, step in enumerate(cycle.start)),
        *((("then", step), step) for step in cycle.then),
        *(
            (("then", step, index), then)
            for step, all_ in cycle.then.items()
            for index, then in enumerate(all_)
        ),
        *((("within", step), step) for step in cycle.within),
    ]
    unknown = [(path, step) for path, step in named if step not in known]
    for path, step in unknown:
        remedy = did_you_mean(step, known)
        yield about((*_HERE, *path), f"'{step}' is no value of '{cycle.step}'", one_of(known), remedy)
    ways: list[tuple[Path, tuple[str, ...]]] = [(("start",), cycle.start)]
    ways += [(("then", step), steps) for step, steps in cycle.then.items()]
    for path, steps in ways:
        for step in sorted({step for step in steps if steps.count(step) > 1}):
            yield about((*_HERE, *path), f"'{step}' twice", "each step once")
    if not unknown:
        yield from _ways(cycle, known)


def _ways(cycle: LifeCycle, known: tuple[str, ...]) -> Iterator[Complaint]:
    reached = set(cycle.start)
    while more := {then for step in reached for then in cycle.then.get(step, ())} - reached:
        reached |= more
    for step in known:
        if step not in reached:
            what = f"no case ever comes to '{step}'"
            remedy = f"Add it to start, or to the steps after another: then: {{...: [{step}]}}."
            yield about((*_HERE, "then"), what, "a way from start to every step", remedy)
    ends = {step for step in known if not cycle.then.get(step)}
    if not ends & reached:
        yield about(
            (*_HERE, "then"), "a case never ends", "a step that nothing follows", "Leave it out of then."
        )
    for step in cycle.within:
        if step in ends:
            what = f"'{step}' ends a case"
            remedy = "Drop it: a case that has ended is never overdue."
            yield about((*_HERE, "within", step), what, "a step that others follow", remedy)
