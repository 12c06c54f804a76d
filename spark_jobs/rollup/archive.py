"""Whether the lake holds all that a day needs: Kafka's own offsets against the archive's position."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime

import structlog
from kafka.errors import KafkaError

from spark_jobs.cluster import Cluster
from spark_jobs.rollup import ledger
from spark_jobs.rollup.errors import ArchiveUnknown, DayIncomplete
from streams import days
from streams.errors import KafkaAway, KafkaRefused
from streams.settings import Settings

LOG = structlog.get_logger()
POLL_SECONDS = 1.0
SAY_EVERY_SECONDS = 10.0


@dataclass(frozen=True)
class Needed:
    """What a rollup needs of the archive: a topic's records of `day` and what came later, as of `now`."""

    source: str
    topic: str
    day: date
    now: datetime


@dataclass(frozen=True)
class Sent:
    """Partition -> offset in Kafka: the first one after the day, and the next one now."""

    day_end: Mapping[int, int]
    now: Mapping[int, int]


@dataclass(frozen=True)
class Archived:
    """What the lake holds for sure when a rollup begins to read.

    position: partition -> first offset that is not there. complete: everything received by the end of the day
    is there. span: received day (ISO) -> events of the day that live knew of, all of them in the lake; None
    if live has worked on events that the archive has not.
    """

    position: Mapping[int, int]
    complete: bool
    span: Mapping[str, int] | None


def sent(settings: Settings, needed: Needed) -> Sent:
    """Kafka's offsets of the topic; empty where there is no such topic (any more).

    Raises ArchiveUnknown when Kafka cannot be asked, KafkaRefused when it does not let us.
    """
    try:
        with Cluster(settings, "rollup") as cluster:
            topic = cluster.describe([needed.topic]).get(needed.topic)
            if topic is None:
                return Sent({}, {})
            now = cluster.end_offsets(topic.all())
            after = cluster.offsets_at(topic.all(), days.end(needed.day))
    except KafkaRefused:
        raise  # not to be tried again until somebody mends it
    except (KafkaError, KafkaAway) as error:
        raise ArchiveUnknown(
            f"Kafka at {settings.kafka_bootstrap} did not tell the offsets of {needed.topic}: {error!r}."
            " Look at `minsheng status`."
        ) from error
    day_end = {each.partition: after.get(each, now[each]) for each in now}
    return Sent(day_end, {each.partition: now[each] for each in now})


def wait(connection: ledger.Connection, needed: Needed, kafka: Sent, patience: float) -> Archived:
    """Wait up to `patience` seconds until the lake holds what Kafka and the live query had at the start.

    A day is not complete before it is over. Without a topic in Kafka, what is archived is all there is.
    """
    span = ledger.spans(connection, needed.source, needed.day)  # before the positions, which then cover it
    live = ledger.positions(connection, "live", needed.topic)
    wanted = {p: max(kafka.now.get(p, 0), live.get(p, 0)) for p in {*kafka.now, *live}}
    give_up, say_at = time.monotonic() + patience, 0.0
    while True:
        position = ledger.positions(connection, "archive", needed.topic)
        lacking = ledger.missing(position, wanted)
        if not lacking or time.monotonic() >= give_up:
            break
        if time.monotonic() >= say_at:
            LOG.info("waiting for the archive", topic=needed.topic, missing=sum(lacking.values()))
            say_at = time.monotonic() + SAY_EVERY_SECONDS
        time.sleep(POLL_SECONDS)
    complete = needed.now >= days.end(needed.day) and not ledger.missing(position, kafka.day_end)
    certain = not ledger.missing(position, live)
    return Archived(position, complete, span if certain else None)


def demand(archived: Archived, needed: Needed, kafka: Sent) -> None:
    """Raise DayIncomplete, saying what is missing, unless everything that the day needs is archived."""
    if archived.complete:
        return
    what = f"{needed.source} {needed.day}"
    if needed.now < days.end(needed.day):
        raise DayIncomplete(
            f"{what}: the day is still running (until {days.end(needed.day).isoformat()}). Ask again after"
            " it, or for a provisional revision with --allow-incomplete."
        )
    lacking = ledger.missing(archived.position, kafka.day_end)
    where = ", ".join(f"partition {number}: {count}" for number, count in sorted(lacking.items()))
    raise DayIncomplete(
        f"{what}: {sum(lacking.values())} records of the day are not archived yet ({where}). Is the stream"
        " running (`minsheng status`)? Try again when the archive has caught up."
    )
