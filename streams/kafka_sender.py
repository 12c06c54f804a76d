"""Records to Kafka: idempotent, acknowledged by all replicas, in bounded memory, over kafka-python.

kafka-python 3.0.12 puts no limit on what waits to be sent, blocks its constructor while no broker answers,
lets futures stay open while a broker is away, and its sockets and thread do not survive a fork. KafkaSender
adds the four: a limit in bytes, a client made when it is needed, deadlines, and a client for each process.
"""

from __future__ import annotations

import os
import socket
import threading
import time
import weakref
from collections.abc import Sequence
from concurrent.futures import Future
from contextlib import suppress
from dataclasses import dataclass

from kafka import KafkaProducer
from kafka.errors import KafkaError, RetriableError
from kafka.producer.future import RecordMetadata

from streams.delivery import Deadlines, Delivery, Outcome, Position, Record
from streams.errors import KafkaAway, KafkaRefused
from streams.kafka_access import Principal, client_options
from streams.kafka_refusals import demand_trust, explained, is_unauthorized
from streams.settings import Settings

BYTES_IN_FLIGHT = 32 * 1024 * 1024
RECORD_OVERHEAD_BYTES = 512  # a record's future and bookkeeping
RECONNECT_SECONDS = 1.0


@dataclass(frozen=True)
class Patience:
    """How long a record may wait for its acknowledgement, and how long a full buffer is waited for."""

    acknowledge_seconds: float = 10.0
    room_seconds: float = 5.0


PATIENCE = Patience()


class KafkaSender:
    """Sends records from any thread of any process; `name` stands in the client id that Kafka's logs show.

    What fails is KafkaAway; KafkaRefused, one of its kind, where a certificate, a password or a right lacks.
    """

    def __init__(
        self,
        settings: Settings,
        *,
        name: str,
        principal: Principal = "producer",
        patience: Patience = PATIENCE,
        bytes_in_flight: int = BYTES_IN_FLIGHT,
    ) -> None:
        self._settings = settings
        self._bootstrap = settings.kafka_bootstrap
        self._name = name
        self._principal = principal
        self._patience = patience
        self._limit = bytes_in_flight
        self._reset()

    def _reset(self) -> None:
        self._pid = os.getpid()
        self._client: KafkaProducer | None = None
        self._deadlines: Deadlines | None = None
        self._connecting = threading.Lock()
        self._room = threading.Condition()
        self._in_flight = 0
        self._away_until = 0.0
        self._away_because = KafkaAway("")

    def send_all(self, records: Sequence[Record]) -> Delivery:
        """Hand the records to Kafka's client; never raises: what could not be sent is in the delivery.

        Blocks while the limit of bytes in flight is reached and while a topic's partitions are not known.
        """
        delivery = Delivery(len(records))
        client: KafkaProducer | None = None
        try:
            for index, record in enumerate(records):
                client = self._connected()
                self._send(client, record, index, delivery)
        except KafkaAway as away:
            # Once Kafka does not answer, the rest is not waited for one by one; what was sent still may be
            # acknowledged.
            for later in range(index, len(records)):
                delivery.settle(later, away)
        if client is not None and self._deadlines is not None and not delivery.done.done():
            # By a weak reference: what is acknowledged need not be kept until its deadline.
            late, open_delivery = client, weakref.ref(delivery)
            self._deadlines.add(lambda: self._give_up(late, open_delivery()))
        return delivery

    def send(self, record: Record) -> Future[Position]:
        """Hand over one record; the future raises KafkaAway where Kafka did not acknowledge."""
        answer: Future[Position] = Future()
        self.send_all([record]).done.add_done_callback(lambda done: _answer(answer, done.result()[0]))
        return answer

    def reach(self) -> None:
        """Reach Kafka now, rather than with the first record. Raises KafkaAway."""
        self._connected()
        hosts = [host.strip().rpartition(":") for host in self._bootstrap.split(",")]
        for host, _, port in hosts:
            with suppress(OSError), socket.create_connection((host, int(port)), timeout=1):
                return
        raise KafkaAway(f"Kafka at {self._bootstrap} cannot be reached. Look at `minsheng status`.")

    def flush(self, seconds: float | None = None) -> None:
        """Wait until everything handed over so far is acknowledged or given up. Raises KafkaAway."""
        client = self._own_client()
        if client is None:
            return
        try:
            client.flush(timeout=seconds)
        except KafkaError as error:
            raise self._away(error) from error

    def close(self, seconds: float = 5.0) -> None:
        """Send what is left, for so long at most, and disconnect. Raises KafkaAway if something is left."""
        try:
            self.flush(seconds)
        finally:
            client, self._client = self._own_client(), None
            if client is not None:
                _abandon(client)
            if self._deadlines is not None:
                self._deadlines.close()
                self._deadlines = None

    def _send(self, client: KafkaProducer, record: Record, index: int, delivery: Delivery) -> None:
        size = len(record.value) + len(record.key or b"") + RECORD_OVERHEAD_BYTES
        self._take_room(size)
        room = self._room

        def acknowledged(metadata: RecordMetadata) -> None:
            self._give_room(room, size)
            delivery.settle(index, Position(metadata[0], metadata[1], metadata[3], metadata[4]))

        def failed(error: BaseException) -> None:
            self._give_room(room, size)
            self._drop_if_broken(client, error)
            delivery.settle(index, self._away(error))

        try:
            future = client.send(record.topic, value=record.value, key=record.key)
        except KafkaError as error:
            self._give_room(room, size)
            self._drop_if_broken(client, error)
            raise self._away(error) from error
        future.add_callback(acknowledged)
        future.add_errback(failed)

    def _give_up(self, client: KafkaProducer, delivery: Delivery | None) -> None:
        away = KafkaAway(
            f"Kafka at {self._bootstrap} did not acknowledge within {self._patience.acknowledge_seconds:g} s."
            " Send the same events again: what Kafka has already counts once."
        )
        if delivery is not None and delivery.give_up(away) and self._client is client:
            # Its records would be sent whenever Kafka is back, long after the senders were told to repeat.
            self._client = None
        if self._client is not client:
            _abandon(client)

    def _own_client(self) -> KafkaProducer | None:
        if self._pid != os.getpid():
            # After a fork: the parent's sockets are the parent's; its records in flight too.
            self._reset()
        return self._client

    def _connected(self) -> KafkaProducer:
        client = self._own_client()
        if client is not None:
            return client
        with self._connecting:
            if self._client is not None:
                return self._client
            if time.monotonic() < self._away_until:
                raise type(self._away_because)(str(self._away_because))  # another one for each thread
            try:
                demand_trust(self._settings)
                self._client = self._make()
            except KafkaRefused as refused:
                self._stay_away(refused)
                raise
            except KafkaError as error:
                reason = explained(self._settings, error, principal=self._principal)
                away = reason if isinstance(reason, KafkaRefused) else self._away(error)
                self._stay_away(away)
                raise away from error
            if self._deadlines is None:
                self._deadlines = Deadlines(self._patience.acknowledge_seconds)
            return self._client

    def _make(self) -> KafkaProducer:
        acknowledge_ms = int(self._patience.acknowledge_seconds * 1000)
        request_ms = min(acknowledge_ms // 2, int(self._settings.kafka_request_seconds * 1000))
        return KafkaProducer(
            **(client_options(self._settings, self._principal) | {"request_timeout_ms": request_ms}),
            client_id=f"minsheng-{self._name}-{self._pid}",
            enable_idempotence=True,
            acks="all",
            compression_type="lz4",
            linger_ms=5,
            batch_size=64 * 1024,
            delivery_timeout_ms=acknowledge_ms,
            max_block_ms=min(acknowledge_ms // 2, 3_000),
            bootstrap_timeout_ms=min(acknowledge_ms // 2, 3_000),
            # After a restart of the broker this is how long nothing is sent although it is back.
            reconnect_backoff_max_ms=1_000,
            allow_auto_create_topics=False,
            metrics_enabled=False,
        )

    def _take_room(self, size: int) -> None:
        with self._room:
            # A record larger than the limit goes alone.
            if not self._room.wait_for(
                lambda: not self._in_flight or self._in_flight + size <= self._limit,
                timeout=self._patience.room_seconds,
            ):
                raise KafkaAway(
                    f"Kafka at {self._bootstrap} takes records more slowly than they come:"
                    f" {self._in_flight:,} bytes wait. Send again later, or fewer at once."
                )
            self._in_flight += size

    def _give_room(self, room: threading.Condition, size: int) -> None:
        with room:
            if room is self._room:
                self._in_flight -= size
            room.notify()

    def _drop_if_broken(self, client: KafkaProducer, error: BaseException) -> None:
        """A client whose error cannot pass by itself (fenced, closed) is replaced by the next send."""
        if not isinstance(error, RetriableError) and self._client is client:
            self._client = None

    def _stay_away(self, because: KafkaAway) -> None:
        self._away_until = time.monotonic() + RECONNECT_SECONDS
        self._away_because = because

    def _away(self, error: BaseException) -> KafkaAway:
        if is_unauthorized(error):
            return explained(self._settings, error, principal=self._principal)
        return KafkaAway(
            f"Kafka at {self._bootstrap} did not acknowledge ({type(error).__name__}: {error})."
            " Send the same events again when `minsheng status` shows Kafka healthy: each counts once."
        )


def _abandon(client: KafkaProducer) -> None:
    """Disconnect now; every open future fails.

    kafka-python 3.0.12: close() leaves its thread running when its flush times out, hence the private call.
    """
    client._sender.force_close()
    client.close(timeout=1)


def _answer(future: Future[Position], outcome: Outcome) -> None:
    if isinstance(outcome, KafkaAway):
        future.set_exception(outcome)
    else:
        future.set_result(outcome)
