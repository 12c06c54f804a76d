"""Ids as Kafka writes them: 16 bytes in URL-safe base 64, without padding."""

from __future__ import annotations

import uuid
from base64 import urlsafe_b64encode


def kafka_id(made: uuid.UUID | None = None) -> str:
    """The id of a cluster or a folder; a random one unless it is given."""
    return urlsafe_b64encode((made or uuid.uuid4()).bytes).decode("ascii").rstrip("=")
