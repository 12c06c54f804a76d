"""A file's way into Kafka: rows in chunks, admitted, sent, and counted; refused lines go to the report."""

from __future__ import annotations

import threading
from collections import Counter, deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import NamedTuple
from zoneinfo import ZoneInfo

from streams.acknowledgements import Acknowledgements
from streams.admission import Admission, Verdict
from streams.contract import places
from streams.contract.model import Contract
from streams.delivery import Delivery
from streams.envelope import Reason
from streams.errors import KafkaAway
from streams.importer.columns import Columns, Target
from streams.importer.events import Events
from streams.importer.mapping import ColumnMapping
from streams.importer.occurrences import Occurrences
from streams.importer.report import Report
from streams.importer.tables import Row, Table
from streams.kafka_sender import KafkaSender
from streams.reasons import text as reason_text
from streams.refusals import FileRefusals
from streams.tokens import Tokens

CHUNK_ROWS = 2_000
CHUNKS_IN_FLIGHT = 8

Progress = Callable[[float, int], None]


@dataclass(frozen=True)
class Import:
    """What is to be imported, and how its rows become events."""

    contract: Contract
    sender: str
    zone: ZoneInfo
    mapping: ColumnMapping
    tokens: Tokens
    topic_prefix: str


class Way(NamedTuple):
    """Where events go, and where it is counted what was refused and what Kafka took. None in a dry run."""

    kafka: KafkaSender
    refusals: FileRefusals
    acknowledgements: Acknowledgements


@dataclass
class Summary:
    """What became of a file. `accepted` events were acknowledged by Kafka, or would have been sent.

    `is_whole`: every line was read, and what was sent of them was acknowledged.
    """

    report: Path
    lines: int = 0
    accepted: int = 0
    refused: int = 0
    by_code: Counter[str] = field(default_factory=Counter)
    columns: list[Target] = field(default_factory=list)
    ignored: list[str] = field(default_factory=list)
    is_whole: bool = False


def import_table(
    table: Table,
    wanted: Import,
    way: Way | None,
    report_path: Path,
    progress: Progress = lambda *_: None,
    *,
    stop: threading.Event | None = None,
) -> Summary:
    """Import a table; rows and refusals are counted as they go.

    Where `stop` is set in the middle, the summary is that of the lines until then: `is_whole` says so, and
    the same import again sends the rest.

    Raises HeadingsUnknown, MappingWrong and ReportUnwritable before anything is sent; KafkaAway in the
    middle: what was acknowledged stays, and the same import counts it once. psycopg.Error where refusals
    cannot be counted.
    """
    columns = Columns(wanted.contract, wanted.mapping, wanted.zone)
    summary = Summary(report=report_path)
    if table.headings is not None:
        summary.columns = columns.match(table.headings)
    admission = Admission({wanted.contract.source: wanted.contract}, wanted.topic_prefix, wanted.tokens)
    stopped = False
    try:
        with Occurrences() as occurrences, Report(report_path) as report:
            events = Events(wanted.contract.source, wanted.sender, columns, wanted.tokens, occurrences)
            sending = _Sending(way, summary, wanted.contract.source)
            for rows in _chunks(table.rows):
                if stopped := stop is not None and stop.is_set():
                    break
                verdicts = _verdicts(rows, events, admission)
                pairs = zip(rows, verdicts, strict=True)
                refused = [(row, verdict) for row, verdict in pairs if verdict.reasons]
                _note(refused, wanted.contract, summary, report, way)
                sending.send([verdict for verdict in verdicts if verdict.record])
                summary.lines += len(rows)
                progress(table.done(), summary.lines)
            sending.finish()
        summary.is_whole = not stopped
    finally:
        if way is not None:
            way.refusals.write(whole=summary.is_whole)
            way.acknowledgements.write()
    summary.ignored = columns.ignored()
    return summary


class _Sending:
    """Sends chunks ahead of their acknowledgements, but not far ahead."""

    def __init__(self, way: Way | None, summary: Summary, source: str) -> None:
        self._way = way
        self._summary = summary
        self._source = source
        self._open: deque[Delivery] = deque()

    def send(self, verdicts: list[Verdict]) -> None:
        if self._way is None:
            self._summary.accepted += len(verdicts)
            return
        records = [verdict.record for verdict in verdicts if verdict.record]
        self._open.append(self._way.kafka.send_all(records))
        while len(self._open) > CHUNKS_IN_FLIGHT:
            self._settle()

    def finish(self) -> None:
        while self._open:
            self._settle()

    def _settle(self) -> None:
        outcomes = self._open.popleft().done.result()
        away = next((outcome for outcome in outcomes if isinstance(outcome, KafkaAway)), None)
        self._summary.accepted += sum(not isinstance(outcome, KafkaAway) for outcome in outcomes)
        if self._way is not None:
            self._way.acknowledgements.add((self._source, outcome) for outcome in outcomes)
        if away is not None:
            raise KafkaAway(
                f"{away} {self._summary.accepted:,} events of the file are in Kafka;"
                " run the same import again, they count once."
            ) from away


def _chunks(rows: Iterator[Row]) -> Iterator[list[Row]]:
    while chunk := list(islice(rows, CHUNK_ROWS)):
        yield chunk


def _verdicts(rows: list[Row], events: Events, admission: Admission) -> list[Verdict]:
    readable = iter(admission.admit([events.event(row.cells) for row in rows if row.fault is None]))
    source = next(iter(admission.contracts))
    return [
        next(readable) if row.fault is None else Verdict(source, None, None, (Reason(row.fault),))
        for row in rows
    ]


def _note(
    refused: list[tuple[Row, Verdict]],
    contract: Contract,
    summary: Summary,
    report: Report,
    way: Way | None,
) -> None:
    for row, verdict in refused:
        report.add(row.line, [_line(reason, contract) for reason in verdict.reasons])
    codes = [verdict.reasons[0].code for _, verdict in refused]
    summary.refused += len(codes)
    summary.by_code.update(codes)
    if way is not None:
        way.refusals.add(codes)


def _line(reason: Reason, contract: Contract) -> tuple[str | None, str | None, str, str]:
    spec = places.spec_at(contract, reason.field)
    return reason.field, spec.title if spec else None, reason.code, reason_text(reason, contract)
