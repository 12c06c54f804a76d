"""An event as it is sent, and the verdict on it."""

from __future__ import annotations

import json
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timezone
from typing import Any

from .errors import EventRefused


def _new_id() -> str:
    return str(uuid.uuid4())


def _now() -> datetime:
    return datetime.now(timezone.utc)  # noqa: UP017 (Python 3.10 has no datetime.UTC)


@dataclass(frozen=True)
class Event:
    """A CloudEvents 1.0 event.

    type: the contract's name. source: a URI reference that names the sender. data: the fields of the
    contract, as JSON values. id: unique within `source`; without one the client makes one. time: when it
    happened, aware; now without one. extensions: further CloudEvents attributes, such as `sequence`.

    Raises ValueError for a time without offset and for an extension that is named like an attribute.
    """

    type: str
    source: str
    data: Mapping[str, Any]
    id: str = field(default_factory=_new_id)
    time: datetime = field(default_factory=_now)
    extensions: Mapping[str, str | int | bool] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.time.utcoffset() is None:
            raise ValueError(f"event {self.id}: its time {self.time} has no offset; give one, such as +08:00")
        if taken := _ATTRIBUTES & self.extensions.keys():
            raise ValueError(f"event {self.id}: {', '.join(sorted(taken))} is no extension")

    def as_json(self) -> bytes:
        """The event in structured JSON. Raises ValueError and TypeError for what JSON cannot say."""
        attributes = {
            "specversion": "1.0",
            "id": self.id,
            "source": self.source,
            "type": self.type,
            "time": self.time.isoformat(),
            "datacontenttype": "application/json",
            **self.extensions,
            "data": dict(self.data),
        }
        return json.dumps(attributes, ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode()


_ATTRIBUTES = {"specversion", "id", "source", "type", "time", "datacontenttype", "data"}


@dataclass(frozen=True)
class Reason:
    """Why an event is refused. code: for programs. field: of the event, if it is about one. text: Chinese."""

    code: str
    field: str | None
    text: str


@dataclass(frozen=True)
class Verdict:
    """What became of an event. accepted: Kafka has acknowledged it."""

    event: Event
    status: int
    reasons: tuple[Reason, ...] = ()

    @property
    def accepted(self) -> bool:
        return self.status == ACCEPTED

    def raise_if_refused(self) -> None:
        """Raises EventRefused unless the event was accepted."""
        if not self.accepted:
            raise EventRefused(self)


ACCEPTED = 202
