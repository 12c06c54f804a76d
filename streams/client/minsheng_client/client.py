"""The client: events in, verdicts out; what is not acknowledged is sent again under the same id."""

from __future__ import annotations

import random
import ssl
import threading
import time
from collections.abc import Iterable, Iterator, Sequence
from types import TracebackType
from typing import Any

from .connection import Answer, Connection, ConnectionLost
from .errors import GatewayAway, KeyRefused, RequestRefused
from .event import Event, Reason, Verdict

MOST_EVENTS = 1_000
MOST_BYTES = 900_000
LONGEST_PAUSE_SECONDS = 30.0
UNAUTHORIZED, TIMED_OUT, TOO_LARGE, SERVER_ERROR, AWAY = 401, 408, 413, 500, 503
VERDICTS = 207
pause = time.sleep


class Client:
    """Sends events to one gateway. Threads may share it; they take turns.

    address: the gateway's, without /v1/events. key: an API key (`minsheng gateway key add`).
    patience_seconds: for how long the client sends again what was not acknowledged. timeout_seconds: of one
    request. batch_events: events of one request, at most. tls: for certificates of your own. allow_http: also
    to other hosts without encryption.
    """

    def __init__(
        self,
        address: str,
        key: str,
        *,
        patience_seconds: float = 120.0,
        timeout_seconds: float = 30.0,
        batch_events: int = MOST_EVENTS,
        tls: ssl.SSLContext | None = None,
        allow_http: bool = False,
    ) -> None:
        if not 1 <= batch_events <= MOST_EVENTS:
            raise ValueError(f"batch_events is {batch_events}; a request holds 1 to {MOST_EVENTS} events")
        self._address = address
        self._connection = Connection(address, key, timeout_seconds, tls, allow_http=allow_http)
        self._patience = patience_seconds
        self._batch_events = batch_events
        self._lock = threading.Lock()

    def send(self, event: Event) -> Verdict:
        """The verdict on one event. Raises GatewayAway, RequestRefused."""
        (verdict,) = self._deliver([(event, event.as_json())])
        return verdict

    def send_all(self, events: Iterable[Event]) -> Iterator[Verdict]:
        """The verdicts on events, in their order; a request is sent when its verdicts are asked for.

        Raises GatewayAway and RequestRefused; events whose verdict was given before are not affected.
        """
        for batch in self._batches(events):
            yield from self._deliver(batch)

    def close(self) -> None:
        self._connection.close()

    def __enter__(self) -> Client:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"Client({self._address!r})"

    def _batches(self, events: Iterable[Event]) -> Iterator[list[tuple[Event, bytes]]]:
        batch: list[tuple[Event, bytes]] = []
        size = 0
        for event in events:
            body = event.as_json()
            if batch and (len(batch) == self._batch_events or size + len(body) > MOST_BYTES):
                yield batch
                batch, size = [], 0
            batch.append((event, body))
            size += len(body) + 1
        if batch:
            yield batch

    def _deliver(self, batch: Sequence[tuple[Event, bytes]]) -> list[Verdict]:
        """The verdicts on a batch: sent again, as far as it was not acknowledged, until patience ends."""
        verdicts: dict[int, Verdict] = {}
        waiting = list(range(len(batch)))
        give_up, attempt = time.monotonic() + self._patience, 0
        with self._lock:
            while waiting:
                said, asked_to_wait = self._attempt([batch[index] for index in waiting])
                for index, verdict in zip(waiting, said if isinstance(said, list) else (), strict=False):
                    if verdict is not None:
                        verdicts[index] = verdict
                waiting = [index for index in waiting if index not in verdicts]
                if not waiting:
                    break
                attempt += 1
                seconds = asked_to_wait if asked_to_wait is not None else _backoff(attempt)
                if time.monotonic() + seconds > give_up:
                    why = said if isinstance(said, str) else "Kafka did not acknowledge"
                    raise GatewayAway(
                        f"{self._address}: {why}; {len(waiting)} events not acknowledged after"
                        f" {attempt} attempts. Send the same events again later: each counts once.",
                        [batch[index][0] for index in waiting],
                    )
                pause(seconds)
        return [verdicts[index] for index in range(len(batch))]

    def _attempt(
        self, batch: Sequence[tuple[Event, bytes]]
    ) -> tuple[list[Verdict | None] | str, float | None]:
        """One request: verdicts (None: not acknowledged) or what went wrong, and how long to wait.

        Raises RequestRefused where sending again would not help.
        """
        try:
            answer = self._connection.post(b"[" + b",".join(body for _, body in batch) + b"]")
        except ConnectionLost as error:
            return str(error), None
        said = _verdicts(answer.body, [event for event, _ in batch])
        if answer.status in (VERDICTS, AWAY) and said is not None:
            return said, answer.retry_after_seconds
        if answer.status == TOO_LARGE and len(batch) > 1:
            return self._halves(batch)
        if answer.status == TIMED_OUT or answer.status >= SERVER_ERROR:
            return f"{answer.status} {_text(answer, 'reason')}".strip(), answer.retry_after_seconds
        kind = KeyRefused if answer.status == UNAUTHORIZED else RequestRefused
        raise kind(answer.status, _text(answer, "code") or "unknown", _text(answer, "reason"))

    def _halves(
        self, batch: Sequence[tuple[Event, bytes]]
    ) -> tuple[list[Verdict | None] | str, float | None]:
        """A gateway that takes less than this client thinks: the same in two requests."""
        middle = len(batch) // 2
        first, pause = self._attempt(batch[:middle])
        if isinstance(first, str):
            return first, pause
        second, pause = self._attempt(batch[middle:])
        rest: list[Verdict | None] = [None] * (len(batch) - middle) if isinstance(second, str) else second
        return [*first, *rest], pause


def _verdicts(body: Any, events: Sequence[Event]) -> list[Verdict | None] | None:
    """A verdict for each event; None where it was not acknowledged. None: the answer has no verdicts."""
    said = body.get("events") if isinstance(body, dict) else None
    if not isinstance(said, list) or len(said) != len(events):
        return None
    if not all(isinstance(each, dict) and isinstance(each.get("status"), int) for each in said):
        return None
    return [
        None if each["status"] == AWAY else Verdict(event, each["status"], _reasons(each))
        for event, each in zip(events, said, strict=True)
    ]


def _reasons(said: dict[str, Any]) -> tuple[Reason, ...]:
    return tuple(
        Reason(each["code"], each.get("field"), each.get("reason", "")) for each in said.get("reasons", ())
    )


def _text(answer: Answer, name: str) -> str:
    return str(answer.body.get(name) or "") if isinstance(answer.body, dict) else ""


def _backoff(attempt: int) -> float:
    """Seconds before the next attempt: doubled each time, and never those of all other clients."""
    longest = min(LONGEST_PAUSE_SECONDS, 0.5 * 2**attempt)
    return random.uniform(longest / 2, longest)  # noqa: S311 (no secret)
