"""An event as it was sent, for those who have the right to see it; each look is written down before."""

from __future__ import annotations

import psycopg

from infra.quarantine.errors import OriginalForbidden, OriginalLost
from infra.quarantine.reading import Quarantined
from spark_jobs.replay.originals import originals
from spark_jobs.replay.selection import Origin
from streams.settings import Settings

RIGHT = "originals"
"""The secret whose readers may see originals."""

_LOOK = """
    insert into ops.original_access (by, why, source, topic, partition, "offset", received_at)
    values (%s, %s, %s, %s, %s, %s, %s)
"""


def check_right(settings: Settings) -> None:
    """Raises OriginalForbidden unless this process can read the secret `originals`."""
    file = settings.secrets_dir / RIGHT
    try:
        file.read_bytes()
    except OSError as error:
        raise OriginalForbidden(
            f"Originals hold what nobody masked: they are shown only to accounts that can read {file}"
            f" ({error.strerror}). Ask the administrator (docs/administrator.md, Originals, says how)."
        ) from error


def see(settings: Settings, connection: psycopg.Connection, event: Quarantined, by: str, why: str) -> bytes:
    """The bytes of an event in quarantine as Kafka received them.

    `connection` commits by itself: who looked, and why, stands in ops.original_access before anything is
    read. Raises OriginalForbidden, OriginalLost, KafkaAway.
    """
    check_right(settings)
    origin = Origin(event.topic, event.partition, event.offset, event.received_at)
    connection.execute(
        _LOOK, (by, why, event.source, origin.topic, origin.partition, origin.offset, origin.received_at)
    )
    found = originals(settings, [origin])
    if origin not in found:
        raise OriginalLost(
            f"Neither lake nor Kafka has {origin.topic}/{origin.partition}/{origin.offset} any more: it was"
            " received longer ago than MINSHENG_LAKE_RETENTION_DAYS, or its topic was made anew."
        )
    return found[origin]
