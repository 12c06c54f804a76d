"""Simulated events to Kafka: right ones by the producer library's admission, faulty ones as they are."""

from __future__ import annotations

from collections.abc import Sequence

from streams.admission import Admission
from streams.contract.model import Contract
from streams.delivery import Delivery, Record
from streams.errors import KafkaAway
from streams.kafka_sender import KafkaSender, Patience
from streams.personal import personal_values
from streams.settings import Settings
from streams.simulator.day import Sending
from streams.simulator.errors import SimulatedWrongly
from streams.simulator.faults import Event, Fault, as_bytes
from streams.tokens import Tokens
from streams.topic_name import topic_name

PATIENCE = Patience(acknowledge_seconds=15.0, room_seconds=15.0)


class KafkaWay:
    """Sends in order, and remembers what is not acknowledged yet. Not for several threads."""

    def __init__(self, settings: Settings) -> None:
        self._prefix = settings.topic_prefix
        self._tokens = Tokens.of(settings.secret("tokens"))
        self._sender = KafkaSender(settings, name="simulator", principal="simulator", patience=PATIENCE)
        self._admissions: dict[tuple[str, str], Admission] = {}
        self._open: list[Delivery] = []

    def send(self, contract: Contract, sendings: Sequence[Sending]) -> None:
        """Hand over events of one source. Raises KafkaAway, SimulatedWrongly."""
        right = [sending.event for sending in sendings if sending.fault is None]
        verdicts = self._admission(contract).admit(right)
        for verdict in verdicts:
            if verdict.reasons:
                raise SimulatedWrongly(contract.source, verdict.event_id or "", verdict.reasons)
        records = [verdict.record for verdict in verdicts if verdict.record is not None]
        records.extend(
            self._spoilt(contract, sending, sending.fault) for sending in sendings if sending.fault
        )
        self._open = [delivery for delivery in self._open if not delivery.done.done() or _away(delivery)]
        self._open.append(self._sender.send_all(records))

    def settle(self) -> None:
        """Wait until everything is acknowledged. Raises KafkaAway; what was open is forgotten then."""
        waiting, self._open = self._open, []
        for delivery in waiting:
            delivery.done.result()
            if away := _away(delivery):
                raise away

    def close(self) -> None:
        """Disconnect. Raises KafkaAway if something was left."""
        self._sender.close()

    def _admission(self, contract: Contract) -> Admission:
        key = (contract.source, contract.version)
        if key not in self._admissions:
            self._admissions[key] = Admission({contract.source: contract}, self._prefix, self._tokens)
        return self._admissions[key]

    def _spoilt(self, contract: Contract, sending: Sending, fault: Fault) -> Record:
        """A faulty event as it would come from a system that does not use the library; still with tokens."""
        if fault.code != "untokenised":
            tokenise(sending.event, contract, self._tokens)
        topic = topic_name(self._prefix, contract.source)
        return Record(topic, sending.key.encode(), as_bytes(sending.event, fault))


def tokenise(event: Event, contract: Contract, tokens: Tokens) -> None:
    """Replace the personal values of an event, which may be anything, in place."""
    for value in personal_values(contract, event["data"]):
        raw = value.holder[value.key]
        if isinstance(raw, str):
            value.holder[value.key] = tokens.token(raw)


def _away(delivery: Delivery) -> KafkaAway | None:
    """Why a delivery failed, if it has."""
    if not delivery.done.done():
        return None
    return next((outcome for outcome in delivery.done.result() if isinstance(outcome, KafkaAway)), None)
