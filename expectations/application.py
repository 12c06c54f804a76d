"""Rolling days up: build, ask, publish. One Spark application for as many sources and days as asked for."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import cached_property

import psycopg
import structlog
from py4j.protocol import Py4JError
from pyspark.errors import PySparkException
from pyspark.sql import SparkSession

from expectations import docs, gate, record, wording
from expectations.answers import Answer
from expectations.errors import ExpectationsError
from expectations.questioner import Questioner
from expectations.report import REFUSED_BY_THE_GATE, Report
from spark_jobs.rollup import (
    account,
    archive,
    lake,
    ledger,
    patches,
    publish,
    reading,
    received,
    review,
    uniqueness,
)
from spark_jobs.rollup.archive import Archived, Needed
from spark_jobs.rollup.build import Built, built
from spark_jobs.rollup.comparison import Comparison
from spark_jobs.rollup.day import Day
from spark_jobs.rollup.errors import NotDeployed, RollupError
from spark_jobs.rollup.review import ReviewedDay
from streams import days
from streams.contract.model import Contract
from streams.registry import ever_deployed
from streams.settings import Settings
from streams.topic_name import topic_name

LOG = structlog.get_logger()


@dataclass(frozen=True)
class Options:
    """patience_seconds: how long to wait for the archive. dry_run: publish nothing, say what would be.
    review: the number of the review that days are staged for instead of being published."""

    allow_incomplete: bool = False
    dry_run: bool = False
    patience_seconds: float = 180.0
    review: int | None = None


def run(
    settings: Settings, wanted: Sequence[tuple[str, date]], options: Options, now: Callable[[], datetime]
) -> Iterator[Report]:
    """Roll up each (source, day) in turn. A day that fails does not keep the others from being rolled up."""
    contracts = ever_deployed(settings)
    application = Application(settings, options, now, wanted)
    for source, day in wanted:
        begun = time.monotonic()
        try:
            if source not in contracts:
                raise NotDeployed(source, contracts)
            yield application.roll_up(contracts[source], day)
        except (RollupError, ExpectationsError) as error:
            LOG.error("not rolled up", source=source, day=day.isoformat(), error=str(error))
            code = error.exit_code if isinstance(error, RollupError) else 1
            yield Report(source, day, "failed", code, str(error), time.monotonic() - begun)
        except (PySparkException, Py4JError) as error:
            # Of this source's records, or of a JVM that is gone: then the others fail here, too, and at once.
            LOG.error("Spark failed", source=source, day=day.isoformat(), error=str(error))
            said = f"Spark failed: {str(error).partition(chr(10))[0]}"
            yield Report(source, day, "failed", 1, said, time.monotonic() - begun)


@dataclass(frozen=True)
class Application:
    """One Spark application: its session is started when the first day needs it, and then kept."""

    settings: Settings
    options: Options
    now: Callable[[], datetime]
    wanted: Sequence[tuple[str, date]]

    @cached_property
    def session(self) -> SparkSession:
        return lake.session_for(self.settings, self.wanted)

    def roll_up(self, contract: Contract, day: date) -> Report:
        """Build, ask, publish one day. Raises RollupError, ExpectationsError; then nothing was published."""
        begun = time.monotonic()
        with (
            psycopg.connect(self.settings.postgres_dsn, autocommit=True) as connection,
            publish.alone(connection, contract.source, day),
        ):
            archived = self._archived(connection, contract.source, day)
            questioner = Questioner(self.settings.home, day.isoformat())
            found, answers = self._judged(connection, contract, archived, questioner, day)
            seconds = time.monotonic() - begun
            if self.options.dry_run:
                report = _rehearsed(found.day, answers, seconds)
            elif self.options.review is not None:
                with connection.transaction():
                    report = _staged(connection, self.options.review, found, archived, answers, seconds)
            else:
                with connection.transaction():
                    report = _decided(connection, found, archived, answers, seconds)
        docs.build(questioner, self.settings.home)
        LOG.info("rolled up", **{key: value for key, value in report.as_json().items() if key != "refused"})
        return report

    def _archived(self, connection: ledger.Connection, source: str, day: date) -> Archived:
        """What the lake holds, once it holds all that the day needs. Raises DayIncomplete."""
        needed = Needed(source, topic_name(self.settings.topic_prefix, source), day, self.now())
        kafka = archive.sent(self.settings, needed)
        archived = archive.wait(connection, needed, kafka, self.options.patience_seconds)
        if not self.options.allow_incomplete:
            archive.demand(archived, needed, kafka)
        return archived

    def _judged(
        self,
        connection: ledger.Connection,
        contract: Contract,
        archived: Archived,
        questioner: Questioner,
        day: date,
    ) -> tuple[Built, list[Answer]]:
        known = ledger.received_days(connection, contract.source, day)
        plan = received.plan(day, contract.accept, known, days.day_of(self.now()))
        read = {name: [each.isoformat() for each in getattr(plan, name)] for name in ("whole", "searched")}
        LOG.info("reading the lake", source=contract.source, day=day.isoformat(), **read)
        prefix = self.settings.topic_prefix
        changed = patches.patches_of(connection, contract.source, plan)
        archived_events = lake.events(self.session, self.settings.lake_dir, plan.days)
        rows = reading.rows_of(patches.patched(archived_events, changed), prefix + contract.source, day, plan)
        live = Comparison(connection, contract, prefix + contract.source, day, archived.position)
        taken = uniqueness.elsewhere(connection, day)
        with built(rows, contract, prefix, day, archived, look=live.look, taken=taken) as found:
            return found, gate.ask(questioner, found)


def _rehearsed(day: Day, answers: Sequence[Answer], seconds: float) -> Report:
    refused = tuple(answer for answer in answers if answer.blocks)
    message = f"dry run: {len(answers)} rules asked, {len(refused)} refuse; nothing was written"
    code = REFUSED_BY_THE_GATE if refused else 0
    source = day.contract.source
    return Report(source, day.day, "rehearsed", code, message, seconds, None, day.counts, refused)


def _staged(  # noqa: PLR0917 (what a run has found)
    connection: ledger.Connection,
    number: int,
    found: Built,
    archived: Archived,
    answers: Sequence[Answer],
    seconds: float,
) -> Report:
    """Write the day where nobody sees it, in the caller's transaction."""
    day, source = found.day, found.day.contract.source
    refused = tuple(answer for answer in answers if answer.blocks)
    if refused:
        message = _refusal(day, refused)
        review.note(connection, number, ReviewedDay(source, day.day, "refused", None, None, message, None))
        code = REFUSED_BY_THE_GATE
        return Report(source, day.day, "refused", code, message, seconds, None, day.counts, refused)
    run = {"span": archived.span, "seconds": seconds, "answers": [answer.as_json() for answer in answers]}
    outcome, publication = review.stage(connection, number, day, run)
    if outcome == "unchanged" or publication is None:
        return Report(source, day.day, "unchanged", 0, "", seconds, None, day.counts)
    if found.findings is not None:
        account.note(connection, day, publication.revision, found.findings)
    revision = publication.revision
    return Report(source, day.day, "staged", 0, publication.reason, seconds, revision, day.counts)


def _refusal(day: Day, refused: Sequence[Answer]) -> str:
    return wording.text(wording.GATE_REFUSED, title=day.contract.title, day=day.day, blocking=len(refused))


def _decided(
    connection: ledger.Connection,
    found: Built,
    archived: Archived,
    answers: Sequence[Answer],
    seconds: float,
) -> Report:
    """Publish or refuse, and keep the answers with it, in the caller's transaction."""
    day, source = found.day, found.day.contract.source
    refused = tuple(answer for answer in answers if answer.blocks)
    if refused:
        before = publish.current(connection, source, day.day)
        revision = None if before is None else before.revision
        publish.note_run(connection, day, "refused", revision=revision, span=archived.span, seconds=seconds)
        record.record(connection, "day", source, day.day, answers)
        message, code = _refusal(day, refused), REFUSED_BY_THE_GATE
        return Report(source, day.day, "refused", code, message, seconds, revision, day.counts, refused)
    outcome, publication = publish.publish(connection, day)
    if found.findings is not None:
        account.note(connection, day, publication.revision, found.findings)
    message, revision = publication.reason, publication.revision
    publish.note_run(connection, day, outcome, revision=revision, span=archived.span, seconds=seconds)
    record.record(connection, "day", source, day.day, answers, revision=revision)
    return Report(source, day.day, outcome, 0, message, seconds, revision, day.counts)
