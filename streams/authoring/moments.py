"""The event's time: of one column, or the day of one and the time of day of another."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import takewhile

from streams.authoring import forms, hints
from streams.authoring.facts import Rows, listed
from streams.authoring.guess import MOST, Guess
from streams.authoring.roles import NEARLY_ALL, is_moment, time_of

_CLOCKS = ("%H:%M:%S", "%H:%M", "%I:%M:%S %p", "%I:%M %p")
_UNTOLD = ("%Y-%m-%d", "%Y/%m/%d")


@dataclass(frozen=True)
class Moment:
    """The guess of a moment; `clock`: the heading of the column that its time of day was taken from."""

    guess: Guess | None
    clock: str | None = None

    @property
    def headings(self) -> frozenset[str]:
        """Of the columns that it takes."""
        return frozenset(
            heading for heading in (self.guess.heading if self.guess else None, self.clock) if heading
        )


def moment_of(rows: Rows, guesses: Sequence[Guess]) -> Moment:
    """What says when an event happened: a column of times, or of days with the one of times beside it."""
    found = time_of(guesses)
    if found is None or not _is_day(rows, found):
        return Moment(found)
    clocks = [each for each in guesses if each is not found and _is_clock(each)]
    for clock in sorted(clocks, key=lambda each: _nearness(found, each), reverse=True):
        together = _together(rows, found, clock)
        if together is not None:
            return together
    return Moment(found)


def said_moment(rows: Rows, said: str, guesses: Sequence[Guess]) -> Moment | None:
    """That of two columns, named as `day+clock`; None where they are none."""
    by_heading = {each.heading: each for each in guesses}
    day, _, clock = (part.strip() for part in said.rpartition("+"))
    if day not in by_heading or clock not in by_heading or not is_moment(by_heading[day]):
        return None
    return _together(rows, by_heading[day], by_heading[clock])


def _is_day(rows: Rows, found: Guess) -> bool:
    """Whether it has no time of day, or midnight everywhere."""
    if found.spec.type == "date":
        return True
    (clocks,) = rows.one(f"select count(*) from rows where ({found.value})::time <> time '00:00:00'")  # noqa: S608 (SQL of forms.py)
    return not clocks


def _is_clock(found: Guess) -> bool:
    facts = found.facts
    is_named = found.heading in hints.CLOCK and found.heading not in hints.DURATION
    return is_named and facts.share("time_of_day") >= MOST and facts.filled >= NEARLY_ALL * facts.rows


def _nearness(day: Guess, clock: Guess) -> tuple[bool, bool, int]:
    """How well a time of day goes with a day, by their headings: 开始日期 goes with 开始时间."""
    heading = clock.heading
    return (
        heading not in hints.LATER or day.heading in hints.LATER,
        heading in hints.CREATED,
        sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], zip(day.heading, heading, strict=False))),
    )


def _together(rows: Rows, day: Guess, clock: Guess) -> Moment | None:
    """The moment of both, where nearly every row that has them can be read."""
    cells = forms.joined(day.facts.column, clock.facts.column)
    (there,) = rows.one(f"select count({cells}) from rows")  # noqa: S608 (of columns c<n>)
    best: tuple[int, str | None, str] = (0, None, "")
    for form in _forms(day):
        value = forms.moment(cells) if form is None else forms.foreign_moment(cells, form)
        (read,) = rows.one(f"select count({value}) from rows")  # noqa: S608 (SQL of forms.py)
        if read > best[0]:
            best = (read, form, value)
    read, form, value = best
    if not there or read < MOST * there:
        return None
    facts = day.facts
    spec = day.spec.model_copy(update={"type": "timestamp"})
    said = f"the day of {day.heading} and the time of day of {clock.heading}: {read:,} of {facts.rows:,} rows"
    if read < facts.rows:
        wrong = f"({value}) is null"
        named = listed(rows.lines(wrong), facts.rows - read)
        said += f"; {facts.rows - read:,} cannot be read together and would be refused: {named}"
    return Moment(
        replace(day, spec=spec, value=value, form=form, evidence=(said,)),
        clock.heading,
    )


def _forms(day: Guess) -> Iterator[str | None]:
    """What the importer could be told; nothing, first, where it reads the day untold."""
    if day.form is None:
        yield None
    for of_day in _UNTOLD if day.form is None else (day.form,):
        yield from (f"{of_day} {of_clock}" for of_clock in _CLOCKS)
