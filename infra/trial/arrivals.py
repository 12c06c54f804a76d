"""Events of a file or of a simulated day as records, as they would come to Kafka, with what the edge says."""

from __future__ import annotations

import secrets
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import islice
from typing import Any
from zoneinfo import ZoneInfo

from streams.admission import Admission
from streams.contract.model import Contract
from streams.envelope import Reason
from streams.errors import MappingWrong
from streams.importer.columns import Columns
from streams.importer.events import Events, default_sender
from streams.importer.mapping import ColumnMapping
from streams.importer.occurrences import Occurrences
from streams.importer.tables import Row, Table
from streams.simulator.day import SimulatedDay
from streams.simulator.faults import as_bytes
from streams.simulator.kafka_way import tokenise
from streams.strict_json import JsonRefused, dumps
from streams.tokens import Tokens
from streams.zone import ZONE_NAME

PREFIX = "try."
CHUNK = 2_000


@dataclass(frozen=True)
class Arrival:
    """One event.

    line: of the file, or the number of the sending. refused: why the edge would not take it. value: the
    record's bytes with tokens; None where the line could not even be read.
    """

    line: int
    value: bytes | None
    received_at: datetime
    refused: tuple[Reason, ...] = ()


def throwaway_tokens() -> Tokens:
    """Tokens under a key that nobody keeps: what is tried out is not to be told by the platform's own."""
    return Tokens(secrets.token_bytes(32))


def of_file(
    table: Table, contract: Contract, mapping: ColumnMapping, now: datetime
) -> Iterator[list[Arrival]]:
    """The rows of a file, as `minsheng import` would send them. Raises HeadingsUnknown, MappingWrong."""
    tokens = throwaway_tokens()
    columns = Columns(contract, mapping, _zone(mapping))
    if table.headings is not None:
        columns.match(table.headings)
    admission = Admission({contract.source: contract}, PREFIX, tokens)
    with Occurrences() as occurrences:
        events = Events(
            contract.source, mapping.sender or default_sender(contract.source), columns, tokens, occurrences
        )
        while rows := list(islice(table.rows, CHUNK)):
            yield _admitted(rows, events, admission, contract, tokens, now)


def _admitted(  # noqa: PLR0917 (the parts of one import)
    rows: Sequence[Row],
    events: Events,
    admission: Admission,
    contract: Contract,
    tokens: Tokens,
    now: datetime,
) -> list[Arrival]:
    made = {row.line: events.event(row.cells) for row in rows if row.fault is None}
    verdicts = dict(zip(made, admission.admit(list(made.values()), now), strict=True))
    arrivals = []
    for row in rows:
        if row.fault is not None:
            arrivals.append(Arrival(row.line, None, now, (Reason(row.fault),)))
            continue
        verdict = verdicts[row.line]
        value = verdict.record.value if verdict.record else _as_sent(made[row.line], contract, tokens)
        arrivals.append(Arrival(row.line, value, now, verdict.reasons))
    return arrivals


def _as_sent(event: dict[str, Any], contract: Contract, tokens: Tokens) -> bytes | None:
    """An event that is refused, as it would stand in Kafka had it come by another way."""
    try:
        if isinstance(event.get("data"), dict):
            tokenise(event, contract, tokens)
        return dumps(event)
    except (JsonRefused, UnicodeEncodeError):
        return None


def of_day(day: SimulatedDay) -> Iterator[list[Arrival]]:
    """A simulated day with everything that goes wrong on one, as it comes to Kafka. Raises RecipeError."""
    tokens = throwaway_tokens()
    contract = day.contract
    admission = Admission({contract.source: contract}, PREFIX, tokens)
    sendings = enumerate(day.sendings(), 1)
    while chunk := list(islice(sendings, CHUNK)):
        first = _instant(chunk[0][1].at)
        right = [(number, sending) for number, sending in chunk if sending.fault is None]
        verdicts = admission.admit([sending.event for _, sending in right], first)
        by_number = {number: verdict for (number, _), verdict in zip(right, verdicts, strict=True)}
        arrivals = []
        for number, sending in chunk:
            at = _instant(sending.at)
            if sending.fault is None:
                verdict = by_number[number]
                value = verdict.record.value if verdict.record else _as_sent(sending.event, contract, tokens)
                arrivals.append(Arrival(number, value, at, verdict.reasons))
                continue
            if sending.fault.code != "untokenised":
                tokenise(sending.event, contract, tokens)
            arrivals.append(Arrival(number, as_bytes(sending.event, sending.fault), at))
        yield arrivals


def _instant(microseconds: int) -> datetime:
    return datetime.fromtimestamp(microseconds / 1_000_000, UTC)


def _zone(mapping: ColumnMapping) -> ZoneInfo:
    try:
        return ZoneInfo(mapping.zone or ZONE_NAME)
    except (KeyError, ValueError, OSError) as error:
        raise MappingWrong(
            f"zone: {mapping.zone}: no such zone. Name it as the IANA does: {ZONE_NAME}."
        ) from error
