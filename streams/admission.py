"""What every way in does with events before Kafka: envelope, personal values, the judge's verdict.

Events in, verdicts out; nothing is sent. A verdict carries the record for Kafka, or the reasons why not.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, NamedTuple

import pyarrow as pa

from streams.contract.model import Contract
from streams.delivery import Record
from streams.envelope import Reason, envelope_reasons
from streams.judge.judge import Judge
from streams.personal import PersonalData, PersonalValue, own_copy, personal_values
from streams.strict_json import JsonRefused, dumps
from streams.tokens import Tokens
from streams.topic_name import topic_name

UNKNOWN_SOURCE = "unknown"


class Verdict(NamedTuple):
    """On one event: `record` if it may be sent, `reasons` if not. `source`: UNKNOWN_SOURCE if it has none."""

    source: str
    event_id: str | None
    record: Record | None
    reasons: tuple[Reason, ...]


class Admission:
    """Judges events as they come from outside, with personal values as they are, by the contracts given.

    Safe to call from several threads; they take turns.
    """

    def __init__(
        self,
        contracts: Mapping[str, Contract],
        topic_prefix: str,
        tokens: Tokens,
        *,
        allow_tokens: bool = False,
    ) -> None:
        self.contracts = contracts
        self._prefix = topic_prefix
        self._personal = PersonalData(tokens, allow_tokens=allow_tokens)
        self._judge = Judge(contracts, topic_prefix)
        self._lock = threading.Lock()

    def admit(self, events: Sequence[Any], received_at: datetime | None = None) -> list[Verdict]:
        """One verdict for each event, in order.

        `received_at` is what the acceptance window is measured from; None: now, as Kafka will see it.
        The events' own dicts are not changed.
        """
        with self._lock:
            cases = [self._open(event) for event in events]
            self._personal.tokenise(value for case in cases for value in case.personal)
            for case in cases:
                self._write(case)
            self._judge_all([case for case in cases if case.record], received_at or datetime.now(UTC))
        return [case.verdict() for case in cases]

    def _open(self, event: Any) -> _Case:
        if not isinstance(event, Mapping):
            return _Case(None, UNKNOWN_SOURCE, None, [Reason("not_an_object")])
        kind, identity = event.get("type"), event.get("id")
        event_id = identity if isinstance(identity, str) else None
        contract = self.contracts.get(kind) if isinstance(kind, str) else None
        source = contract.source if contract else UNKNOWN_SOURCE
        reasons = envelope_reasons(event)
        if contract is None and not any(reason.field in ("specversion", "type") for reason in reasons):
            reasons.append(Reason("unknown_source", "type"))
        if reasons or contract is None:
            return _Case(None, source, event_id, reasons)
        data = own_copy(contract, event["data"])
        attributes = {name: value for name, value in event.items() if value is not None}
        case = _Case(
            {"datacontenttype": "application/json", **attributes, "data": data}, source, event_id, []
        )
        case.personal = list(personal_values(contract, data))
        return case

    def _write(self, case: _Case) -> None:
        case.reasons.extend(value.reason for value in case.personal if value.reason)
        if case.event is None:
            return
        place = case.event["data"].get(self.contracts[case.source].topic.key)
        try:
            key = str(place).encode() if place is not None else None
            case.record = Record(topic_name(self._prefix, case.source), key, dumps(case.event))
        except (JsonRefused, UnicodeEncodeError):
            case.reasons.append(Reason("not_utf8"))

    def _judge_all(self, cases: list[_Case], received_at: datetime) -> None:
        if not cases:
            return
        records = [case.record for case in cases if case.record]
        batch = pa.table(
            {
                "topic": pa.array([record.topic for record in records], pa.string()),
                "partition": pa.array([0] * len(records), pa.int32()),
                "offset": pa.array(range(len(records)), pa.int64()),
                "received_at": pa.array([received_at] * len(records), pa.timestamp("us", "UTC")),
                "value": pa.array([record.value for record in records], pa.binary()),
            }
        )
        judged = self._judge.judge(batch)
        answers = zip(
            judged.column("accepted").to_pylist(), judged.column("reasons").to_pylist(), cases, strict=True
        )
        for accepted, reasons, case in answers:
            if not accepted:
                known = {reason.field for reason in case.reasons}
                found = (Reason(item["code"], item["field"], item["detail"]) for item in reasons)
                case.reasons.extend(reason for reason in found if reason.field not in known or not known)


class _Case:
    """An event on its way to a verdict."""

    def __init__(
        self, event: dict[str, Any] | None, source: str, event_id: str | None, reasons: list[Reason]
    ) -> None:
        self.event = event
        self.source = source
        self.event_id = event_id
        self.reasons = reasons
        self.personal: list[PersonalValue] = []
        self.record: Record | None = None

    def verdict(self) -> Verdict:
        return Verdict(self.source, self.event_id, None if self.reasons else self.record, tuple(self.reasons))
