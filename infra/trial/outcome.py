"""What would become of events: verdicts, repeats, minutes, days, quarantine; by the live query itself."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.compute as pc

from infra.trial.arrivals import PREFIX, Arrival
from spark_jobs.aggregates import aggregate
from spark_jobs.live.breaking import chosen, rejected
from spark_jobs.live.counting import LIVE, count
from spark_jobs.live.judging import CLAIMS, KEYS, REJECTED, ROWS, VALUES, parts
from spark_jobs.live.plan import make_plan
from spark_jobs.live.uniqueness import NOTHING, decide
from streams.contract.model import Contract
from streams.envelope import Reason
from streams.judge.judge import Judge
from streams.reasons import text as reason_text
from streams.registry import Deployed
from streams.zone import ZONE

NUMBER = 1
EPOCH = date(1970, 1, 1)
MOST_KEPT = 1_000
"""Refused lines and quarantine rows that are kept to be shown; all of them are counted."""

ACCEPTED, REFUSED, DUPLICATE, CONFLICT = "accepted", "refused", "duplicate", "conflict"
BATCH = 50_000


@dataclass(frozen=True)
class Refused:
    """A line that is refused, and each reason: code, field, Chinese sentence."""

    line: int
    reasons: tuple[tuple[str, str | None, str], ...]


@dataclass
class Outcome:
    """What would become of the events. Tables: Arrow, as the live query would add them, dimensions as text.

    minutes: table name -> minute (epoch minutes), dimensions, columns. days: the same by event day (days
    since 1970) with exact distinct counts. quarantine: rows of ops.quarantine, masked. hours: (day, hour in
    Asia/Shanghai) -> outcome -> events, by event time, or received time where the event has none.
    """

    contract: Contract
    counts: Counter[str] = field(default_factory=Counter)
    codes: Counter[str] = field(default_factory=Counter)
    refused: list[Refused] = field(default_factory=list)
    quarantine: list[dict[str, Any]] = field(default_factory=list)
    minutes: dict[str, pa.Table] = field(default_factory=dict)
    days: dict[str, pa.Table] = field(default_factory=dict)
    hours: dict[tuple[date, int], Counter[str]] = field(default_factory=dict)

    @property
    def events(self) -> int:
        return self.counts.total()


class Trial:
    """Takes arrivals in batches, and says in the end what became of them."""

    def __init__(self, contract: Contract) -> None:
        self.outcome = Outcome(contract)
        deployed = Deployed({contract.source: contract}, {contract.source: NUMBER}, "try")
        self._plan = make_plan(deployed, PREFIX)
        self._judge = Judge({contract.source: contract}, PREFIX)
        self._kept: defaultdict[str, list[pa.Table]] = defaultdict(list)
        self._lines: list[int] = []
        self._waiting: list[Arrival] = []

    def add(self, arrivals: Sequence[Arrival]) -> None:
        """Judge some more."""
        for arrival in arrivals:
            if arrival.value is None:
                self._refuse(arrival.line, arrival.received_at, arrival.refused, None)
            else:
                self._waiting.append(arrival)
        if len(self._waiting) >= BATCH:
            self._judge_waiting()

    def finish(self) -> Outcome:
        """Count what was accepted."""
        self._judge_waiting()
        kept = {kind: pa.concat_tables(tables) for kind, tables in self._kept.items()}
        if ROWS in kept:
            positions, repeats = first_of_each(kept[CLAIMS])
            self.outcome.counts.update(repeats)
            positions = self._without_broken(positions, kept)
            rows = kept[ROWS]
            self._count(rows.filter(pc.is_in(rows.column("position"), value_set=positions)))
        self.outcome.refused.sort(key=lambda each: each.line)
        return self.outcome

    def _judge_waiting(self) -> None:
        arrivals, self._waiting = self._waiting, []
        if not arrivals:
            return
        first = len(self._lines)
        self._lines += [arrival.line for arrival in arrivals]
        batch = pa.table(
            {
                "topic": pa.array([PREFIX + self.outcome.contract.source] * len(arrivals), pa.string()),
                "partition": pa.array([0] * len(arrivals), pa.int32()),
                "offset": pa.array(range(first, first + len(arrivals)), pa.int64()),
                "received_at": pa.array([a.received_at for a in arrivals], pa.timestamp("us", "UTC")),
                "value": pa.array([a.value for a in arrivals], pa.binary()),
            }
        )
        verdicts = self._judge.judge(batch).append_column("value", batch.column("value"))
        judging = self._plan.judging
        at_edge = pa.array([not arrival.refused for arrival in arrivals])
        for kind, table in parts(verdicts.filter(at_edge), self._judge, judging.numbers, judging.extra):
            if kind == REJECTED:
                self._quarantine(table)
            elif kind in (ROWS, CLAIMS, VALUES) or kind.startswith(KEYS):
                self._kept[kind].append(table)
        self._refused_at_edge(arrivals, verdicts.filter(pc.invert(at_edge)), first)

    def _refused_at_edge(self, arrivals: Sequence[Arrival], verdicts: pa.Table, first: int) -> None:
        """What the way in would not take; had it come by another way, it would stand in quarantine."""
        judging = self._plan.judging
        rows: dict[int, dict[str, Any]] = {}
        if verdicts.num_rows:
            for kind, table in parts(verdicts, self._judge, judging.numbers, judging.extra):
                if kind == REJECTED:
                    rows |= {row["offset"]: row for row in table.to_pylist()}
        for offset, arrival in enumerate(arrivals, first):
            if arrival.refused:
                self._refuse(arrival.line, arrival.received_at, arrival.refused, rows.get(offset))

    def _quarantine(self, rejected: pa.Table) -> None:
        for row in rejected.to_pylist():
            reasons = [Reason(each["code"], each["field"], each["detail"]) for each in row["reasons"]]
            self._refuse(self._lines[row["offset"]], row["received_at"], reasons, row)

    def _refuse(
        self, line: int, received_at: datetime, reasons: Sequence[Reason], row: Mapping[str, Any] | None
    ) -> None:
        outcome = self.outcome
        outcome.counts[REFUSED] += 1
        outcome.codes.update({reason.code for reason in reasons})
        self._at((row or {}).get("event_at") or received_at, REFUSED)
        if len(outcome.refused) < MOST_KEPT:
            said = tuple((r.code, r.field, reason_text(r, outcome.contract)) for r in reasons)
            outcome.refused.append(Refused(line, said))
        if row is not None and len(outcome.quarantine) < MOST_KEPT:
            outcome.quarantine.append(dict(row))

    def _at(self, moment: datetime, outcome: str, events: int = 1) -> None:
        local = moment.astimezone(ZONE)
        self.outcome.hours.setdefault((local.date(), local.hour), Counter())[outcome] += events

    def _without_broken(self, positions: pa.Array, kept: Mapping[str, pa.Table]) -> pa.Array:
        """The events that no rule of uniqueness rejects; the others go into quarantine."""
        keys = kept.get(KEYS + self.outcome.contract.source)
        if keys is None:
            return positions
        own = keys.filter(pc.is_in(keys.column("position"), value_set=positions))
        order = [("received_at", "ascending"), ("position", "ascending")]
        broken = decide(NUMBER, own.sort_by(order), self._plan.rules[NUMBER], NOTHING).broken
        if broken is None:
            return positions
        records, reasons = chosen(kept[VALUES], self._plan.sources[NUMBER][1], broken)
        self._quarantine(rejected(self._judge.judge(records), records.column("value"), reasons))
        return positions.filter(pc.invert(pc.is_in(positions, value_set=pa.array(broken.positions))))

    def _count(self, rows: pa.Table) -> None:
        self.outcome.counts[ACCEPTED] += rows.num_rows
        source = self._plan.counted[NUMBER]
        for kind, table in count(rows, source, None):
            if kind.startswith(LIVE):
                self.outcome.minutes[kind.removeprefix(LIVE)] = table.sort_by(
                    [
                        (key, "ascending")
                        for key in ("minute", *self._plan.tables[kind.removeprefix(LIVE)].dimensions)
                    ]
                )
        for each in source.tables:
            days = aggregate(rows, each, source.columns, "event_day")
            for name in each.distinct:
                counted = source.columns[source.distinct[each.name][name]]
                values = _distinct(rows, each.dimensions, source.columns, counted, days)
                days = days.append_column(name, values)
            keys = ("event_day", *each.dimensions)
            self.outcome.days[each.name] = days.sort_by([(key, "ascending") for key in keys])
        hours = rows.append_column("hour", pc.divide(rows.column("minute"), 60)).group_by("hour")
        for row in hours.aggregate([([], "count_all")]).to_pylist():
            self._at(datetime.fromtimestamp(row["hour"] * 3600, UTC), ACCEPTED, row["count_all"])


def first_of_each(claims: pa.Table) -> tuple[pa.Array, Counter[str]]:
    """Positions of the events that count, and how many repeat one: with its content, or with another.

    An event is known by its day and id, as `ops.claim` knows it; the first position wins.
    """
    with duckdb.connect() as connection:
        connection.register("claims", claims)
        ranked = connection.sql(
            "select position, content = first_value(content) over w as same, row_number() over w as n"
            " from claims window w as (partition by event_day, claim_id order by position)"
        ).to_arrow_table()
    repeated = pc.greater(ranked.column("n"), 1)
    same = Counter(ranked.filter(repeated).column("same").to_pylist())
    repeats = +Counter({DUPLICATE: same[True], CONFLICT: same[False]})
    return ranked.filter(pc.invert(repeated)).column("position").combine_chunks(), repeats


def _distinct(
    rows: pa.Table, dimensions: Sequence[str], columns: Mapping[str, str], field_: str, days: pa.Table
) -> pa.Array:
    """How many different values a field has in each row of `days`."""
    keys = ["event_day", *dict.fromkeys(columns[name] for name in dimensions)]
    plain = rows.select(list(dict.fromkeys([*keys, field_]))).append_column("_counted", rows.column(field_))
    counted = plain.group_by(keys, use_threads=False).aggregate([("_counted", "count_distinct")]).to_pylist()
    known = {tuple(row[key] for key in keys): row["_counted_count_distinct"] for row in counted}
    names = ["event_day", *dict.fromkeys(dimensions)]
    return pa.array([known[tuple(row[name] for name in names)] for row in days.to_pylist()], pa.int64())


def day_of(days: int) -> date:
    """Days since 1970 as a date."""
    return EPOCH + timedelta(days=days)
