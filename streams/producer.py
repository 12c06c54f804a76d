"""The producer library: events as dicts in, verdicts at once, Kafka's acknowledgement as a future.

    with EventProducer(settings, contracts, name="clinic") as producer:
        sent = producer.send(event)
        if sent.verdict.reasons: ...        # refused here, never sent
        position = sent.position.result()   # or KafkaAway

Gateway and importer are built of the same two parts, Admission and KafkaSender.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from types import TracebackType
from typing import Any

from streams.admission import Admission, Verdict
from streams.contract.model import Contract
from streams.delivery import Delivery, Position
from streams.kafka_sender import BYTES_IN_FLIGHT, PATIENCE, KafkaSender, Patience
from streams.settings import Settings
from streams.tokens import Tokens


@dataclass(frozen=True)
class Sent:
    """One event: its verdict, and if it was sent the future of its position. The future raises KafkaAway."""

    verdict: Verdict
    position: Future[Position] | None


@dataclass(frozen=True)
class SentBatch:
    """Verdicts of all events, and the delivery of those that were not refused, in their order."""

    verdicts: list[Verdict]
    delivery: Delivery


class EventProducer:
    """Validates, tokenises and sends events of the contracts given. Safe to share between threads.

    After a fork the child connects anew; what the parent had in flight stays the parent's.
    """

    def __init__(
        self,
        settings: Settings,
        contracts: Mapping[str, Contract],
        *,
        name: str,
        allow_tokens: bool = False,
        patience: Patience = PATIENCE,
        bytes_in_flight: int = BYTES_IN_FLIGHT,
    ) -> None:
        self.admission = Admission(
            contracts, settings.topic_prefix, Tokens.of(settings.secret("tokens")), allow_tokens=allow_tokens
        )
        self.kafka = KafkaSender(settings, name=name, patience=patience, bytes_in_flight=bytes_in_flight)

    def send(self, event: Mapping[str, Any]) -> Sent:
        """Send one event unless it is refused."""
        (verdict,) = self.admission.admit([event])
        return Sent(verdict, self.kafka.send(verdict.record) if verdict.record else None)

    def send_all(self, events: Sequence[Mapping[str, Any]]) -> SentBatch:
        """Send those of many events that are not refused: far cheaper than one by one."""
        verdicts = self.admission.admit(events)
        return SentBatch(
            verdicts, self.kafka.send_all([verdict.record for verdict in verdicts if verdict.record])
        )

    def flush(self, seconds: float | None = None) -> None:
        """Wait until everything sent so far is acknowledged or given up. Raises KafkaAway on timeout."""
        self.kafka.flush(seconds)

    def close(self, seconds: float = 5.0) -> None:
        """Flush, then disconnect. Raises KafkaAway if something was left."""
        self.kafka.close(seconds)

    def __enter__(self) -> EventProducer:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
