"""Options by which commands name events in quarantine."""

from __future__ import annotations

from datetime import datetime, timedelta
from enum import StrEnum
from typing import Annotated

import typer

from spark_jobs.replay.selection import CLOSED, OPEN, REPLAYED, STATES, Selection
from streams.zone import ZONE


class State(StrEnum):
    """How options name a state."""

    OPEN = "open"
    REPLAYED = "replayed"
    CLOSED = "closed"
    ALL = "all"


STATES_OF = {State.OPEN: (OPEN,), State.REPLAYED: (REPLAYED,), State.CLOSED: (CLOSED,), State.ALL: STATES}
_DAY = "%Y-%m-%d"
_TIMES = [_DAY, "%Y-%m-%d %H:%M", "%Y-%m-%dT%H:%M:%S"]


def until(typed: str) -> datetime:
    """The moment up to which `typed` reaches: a day without a time to its end, midnight to midnight."""
    for form in _TIMES:
        try:
            moment = datetime.strptime(typed, form)  # noqa: DTZ007 (`selection` says of which zone)
        except ValueError:
            continue
        return moment + timedelta(days=1) if form == _DAY else moment
    raise typer.BadParameter(f"{typed!r} is neither a day (2022-06-14) nor a time (2022-06-14 08:30)")


SourceOption = Annotated[str | None, typer.Option("--source", help="Events of this source.")]
ReasonOption = Annotated[str | None, typer.Option("--reason", help="With this reason: a code, as listed.")]
PlaceOption = Annotated[str | None, typer.Option("--place", help="Of this place: a canteen's number ...")]
CountyOption = Annotated[str | None, typer.Option("--county", help="Of this division: 330302.")]
FromOption = Annotated[
    datetime | None, typer.Option("--from", formats=_TIMES, help="Received since; Asia/Shanghai.")
]
ToOption = Annotated[
    datetime | None,
    typer.Option(
        "--to",
        parser=until,
        metavar=f"[{'|'.join(_TIMES)}]",
        help="Received before; a day alone is taken to its end.",
    ),
]
StateOption = Annotated[
    State, typer.Option("--state", help="open 待核实, replayed 已重放, closed 已关闭, all.")
]
ToReplayOption = Annotated[
    State, typer.Option("--state", help="open 待核实, closed 已关闭, all: both. No event is replayed twice.")
]
NoteOption = Annotated[str, typer.Option("--note", help="Why; it stands in the history of every event.")]
IdOption = Annotated[
    list[int] | None, typer.Option("--id", help="Only the event of this number; repeat it for several.")
]


def selection(  # noqa: PLR0917 (what the options say)
    source: str | None,
    reason: str | None,
    place: str | None,
    county: str | None,
    first: datetime | None,
    last: datetime | None,
    state: State,
    ids: list[int] | None = None,
) -> Selection:
    """What the options select; times are wall-clock times of Asia/Shanghai, `last` as `until` has it."""
    return Selection(
        source=source,
        reason=reason,
        place=place,
        division=county,
        first=first.replace(tzinfo=ZONE) if first else None,
        last=last.replace(tzinfo=ZONE) if last else None,
        states=STATES_OF[state],
        ids=tuple(ids or ()),
    )
