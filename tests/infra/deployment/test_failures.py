"""A deployment whose steps fail, by faults of the real servers: everything is as it was before."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import psycopg
import pytest

from infra.deploy import deploy
from infra.errors import DeploymentFailed
from streams.errors import KafkaAway
from streams.registry import everything
from streams.settings import Settings
from streams.topics import list_topics
from tests.infra.deployment.test_history import FIRST, kiosk

pytestmark = pytest.mark.servers
OTHER = kiosk(("source: kiosk_sale", "source: kiosk_loan"), ("retention: 7d", "retention: 9d"))
LONGER = kiosk(("retention: 7d", "retention: 9d"), ("[1, 50000]", "[1, 60000]"))


@contextmanager
def a_view_in_the_way(settings: Settings) -> Iterator[Settings]:
    """`create table if not exists` passes it by, and the comments on the table do not."""
    with psycopg.connect(settings.postgres_dsn, autocommit=True) as connection:
        connection.execute("create view live.kiosk_loan__sales as select now() as minute")
        yield settings
        connection.execute("drop view live.kiosk_loan__sales")


@contextmanager
def too_few_brokers(settings: Settings) -> Iterator[Settings]:
    """Kafka has one broker: it refuses topics of two replicas when they are made, not before."""
    yield settings.model_copy(update={"topic_replication": 2})


@contextmanager
def no_commit(settings: Settings) -> Iterator[Settings]:
    """PostgreSQL refuses at the very end: a constraint that is deferred to the commit."""
    with psycopg.connect(settings.postgres_dsn, autocommit=True) as connection:
        connection.execute(
            "create function refuse() returns trigger language plpgsql as"
            " $$ begin raise check_violation using message = 'not today'; end $$"
        )
        connection.execute(
            "create constraint trigger refuse after insert or update on ops.contract"
            " deferrable initially deferred for each row execute function refuse()"
        )
        yield settings
        connection.execute("drop trigger refuse on ops.contract")


FAULTS: dict[str, tuple[Callable[..., object], type[Exception], str]] = {
    "tables": (a_view_in_the_way, DeploymentFailed, "is not a table"),
    "topics": (too_few_brokers, KafkaAway, "ReplicationFactor"),
    "commit": (no_commit, DeploymentFailed, "not today"),
}


def state(settings: Settings) -> list[object]:
    """What a deployment may change: contracts, history, relations, labels; configurations of topics."""
    with psycopg.connect(settings.postgres_dsn) as connection:
        found = [
            connection.execute(query.encode()).fetchall()
            for query in (
                "select source, version, tables_digest, retired_at from ops.contract order by source",
                "select source, version, action from ops.contract_history order by id",
                "select schemaname, tablename from pg_tables where schemaname in ('live', 'mart') order by 2",
                "select schemaname, viewname from pg_views where schemaname = 'mart' order by 1, 2",
                "select * from ref.label order by source, field, value",
            )
        ]
    topics = {topic.name: topic.retention for topic in list_topics(settings)}
    return [*found, topics.get(f"{settings.topic_prefix}kiosk_sale")]


@pytest.mark.parametrize("step", FAULTS)
def test_a_step_that_fails_leaves_everything_as_it_was_and_the_next_try_succeeds(
    step: str, settings: Settings
) -> None:
    """A source is changed and another one made, in one deployment."""
    fault, error, said = FAULTS[step]
    deploy(settings, [FIRST])
    before = state(settings)
    with fault(settings) as hindered, pytest.raises(error, match=said) as caught:  # type: ignore[attr-defined]
        deploy(hindered, [LONGER, OTHER])
    text = "\n".join([str(caught.value), *getattr(caught.value, "__notes__", ())])
    assert f"Step '{step}' failed; everything is as it was before." in text
    assert state(settings) == before
    left = {topic.name.removeprefix(settings.topic_prefix) for topic in list_topics(settings)}
    if step == "commit":  # a topic is not deleted again: that would end a live query which has seen it
        assert left == {"kiosk_sale", "kiosk_loan"}
        assert "left there, empty" in text
    else:
        assert left == {"kiosk_sale"}
    assert set(everything(settings).deployed) == {"kiosk_sale"}

    assert deploy(settings, [LONGER, OTHER]).changes
    assert set(everything(settings).deployed) == {"kiosk_sale", "kiosk_loan"}
    again = deploy(settings, [LONGER, OTHER])
    assert [line for line in again.lines() if line.action != "keep"] == []
