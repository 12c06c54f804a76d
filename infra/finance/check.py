"""A finance file against a day: read, compared, kept. The one place where the parts meet."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import psycopg

from infra.finance.cells import read_grid
from infra.finance.compare import Difference, Event, Group, compare, groups
from infra.finance.headings import Headings, find_headings
from infra.finance.lines import Lines, read_lines
from infra.finance.platform import Twice, events_of, twice
from infra.who import who
from streams.contract.model import Contract
from streams.importer.mapping import ColumnMapping
from streams.settings import Settings

MOST_EVENTS = 1_000
"""Events behind one difference that are listed; the sums are of all."""
MOST_STORED_EVENTS = 20
MOST_TWICE = 10_000
"""Events that broke a rule of uniqueness that are listed; their number is of all."""

_REVISION = """
    select revision, accepted from mart.publication where source = %s and event_day = %s and is_current
"""
_KEEP = """
    insert into ops.finance_check (source, event_day, revision, made_by, file, file_digest, fields, lines,
        faults, finance_fen, finance_events, platform_fen, platform_events, different, result)
    values (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s) returning id
"""


@dataclass(frozen=True)
class Check:
    """One comparison. `events`: those behind the differences. `twice`: events of the day in quarantine for
    their uniqueness, the first of `twice_total`. `complete`: the lake held all of the day. `accepted`: the
    events that were compared, as they are in the lake now. `published`: those that the published revision
    counts."""

    source: str
    day: date
    made_at: datetime
    revision: int | None
    published: int | None
    accepted: int
    file: str
    file_digest: str
    fields: tuple[str, ...]
    headings: Headings
    lines: Lines
    finance: Group
    platform: Group
    differences: tuple[Difference, ...]
    events: tuple[Event, ...]
    twice: tuple[Twice, ...]
    twice_total: int
    complete: bool

    @property
    def agrees(self) -> bool:
        """Whether nothing differs, every row could be read, the file agrees with itself, and it was all of
        the day."""
        faults = self.lines.faults or list(self.lines.total_faults)
        return self.complete and not (self.differences or faults)

    @property
    def current(self) -> bool | None:
        """Whether as many events were compared as the published revision counts; None where none is."""
        return None if self.published is None else self.published == self.accepted

    def as_json(self, most_events: int = MOST_EVENTS) -> dict[str, Any]:
        """Everything, with at most so many events of each difference."""
        of_key: dict[tuple[str, ...], list[dict[str, Any]]] = {}
        for event in self.events:
            listed = of_key.setdefault(event.key, [])
            if len(listed) < most_events:
                listed.append({name: value for name, value in asdict(event).items() if name != "key"})
        return {
            "source": self.source,
            "day": self.day.isoformat(),
            "made_at": self.made_at.isoformat(),
            "revision": self.revision,
            "current": self.current,
            "published_events": self.published,
            "compared_events": self.accepted,
            "file": self.file,
            "file_digest": self.file_digest,
            "complete": self.complete,
            "agrees": self.agrees,
            "ignored": list(self.headings.ignored),
            "faults": [asdict(fault) for fault in self.lines.faults],
            "total_faults": list(self.lines.total_faults),
            "finance": {"amount_fen": self.finance.amount_fen, "count": self.finance.count},
            "platform": {"amount_fen": self.platform.amount_fen, "count": self.platform.count},
            "differences": [
                {
                    **dict(zip(self.fields, each.key, strict=True)),
                    "finance": None if each.finance is None else asdict(each.finance),
                    "platform": None if each.platform is None else asdict(each.platform),
                    "amount_fen": each.amount_fen,
                    "count": each.count,
                    "events": of_key.get(each.key, []),
                    "events_total": each.events_total,
                }
                for each in self.differences
            ],
            "paid_twice": [asdict(each) for each in self.twice],
            "paid_twice_total": self.twice_total,
        }


def check(  # noqa: PLR0917 (what a command has asked)
    settings: Settings,
    contract: Contract,
    day: date,
    path: Path,
    mapping: ColumnMapping,
    sheet: str | None = None,
    unit: str | None = None,
) -> Check:
    """Compare. Raises FinanceError before Spark is started, RollupError where the lake cannot be read."""
    grid = read_grid(path, sheet)
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    headings = find_headings(grid.rows, contract, mapping, unit)
    lines = read_lines(grid, headings)
    fields = tuple(key.field for key in headings.keys)
    finance = groups(lines.lines)
    amount = headings.amount[1] if headings.amount else None
    with events_of(settings, contract, day, fields, amount) as events:
        platform = events.groups()
        found = tuple(compare(finance, platform))
        behind = tuple(events.of([each.key for each in found if each.platform is not None], MOST_EVENTS))
        accepted, complete = events.accepted, events.complete
    with psycopg.connect(settings.postgres_dsn) as connection:
        row = connection.execute(_REVISION, (contract.source, day)).fetchone()
    revision, published = row or (None, None)
    paid_twice, twice_total = twice(settings, contract, day, MOST_TWICE)
    return Check(
        contract.source,
        day,
        datetime.now(UTC),
        revision,
        published,
        accepted,
        path.name,
        digest,
        fields,
        headings,
        lines,
        _all(finance.values()),
        _all(platform.values()),
        found,
        behind,
        tuple(paid_twice),
        twice_total,
        complete,
    )


def keep(settings: Settings, made: Check) -> int:
    """Keep what was found; gives back its number."""
    result = json.dumps(made.as_json(MOST_STORED_EVENTS), ensure_ascii=False).replace("\\u0000", "\\u2400")
    with psycopg.connect(settings.postgres_dsn) as connection:
        row = connection.execute(
            _KEEP,
            (
                made.source,
                made.day,
                made.revision,
                who(),
                made.file,
                made.file_digest,
                json.dumps(made.fields),
                len(made.lines.lines),
                len(made.lines.faults),
                made.finance.amount_fen,
                made.finance.count,
                made.platform.amount_fen,
                made.platform.count or 0,
                len(made.differences),
                result,
            ),
        ).fetchone()
    assert row is not None  # noqa: S101 (an insert with returning always has a row)
    return int(row[0])


def _all(parts: Iterable[Group]) -> Group:
    every = list(parts)
    amounts = [group.amount_fen for group in every if group.amount_fen is not None]
    counts = [group.count for group in every if group.count is not None]
    return Group(sum(amounts) if amounts else None, sum(counts) if counts else None)
