"""`minsheng topics`: Kafka topics of the deployed contracts."""

from __future__ import annotations

import json
from contextlib import closing
from dataclasses import asdict
from typing import Annotated, NoReturn

import psycopg
import typer
from rich.console import Console
from rich.table import Table

from streams.errors import KafkaAway
from streams.registry import Registry
from streams.settings import Settings
from streams.topics import TopicChange, ensure_topics, list_topics

app = typer.Typer(
    no_args_is_help=True, help="Kafka topics, one a source, as the deployed contracts ask for them."
)
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON for programs.")]
AWAY = 3
_out, _err = Console(highlight=False), Console(stderr=True, highlight=False)


@app.command("list")
def show(as_json: AsJson = False) -> None:
    """Show the topics under this installation's prefix. Exit code 3 when Kafka is away."""
    try:
        topics = list_topics(Settings())
    except KafkaAway as error:
        _away(str(error))
    if as_json:
        typer.echo(json.dumps([asdict(topic) for topic in topics], ensure_ascii=False))
        return
    table = Table("topic", "partitions", "replicas", "retention", "timestamps", box=None)
    for topic in topics:
        kept = "broker's default" if topic.retention is None else str(topic.retention)
        stamp = topic.configs.get("message.timestamp.type", "CreateTime")
        table.add_row(topic.name, str(topic.partitions), str(topic.replication), kept, stamp)
    _out.print(table)


@app.command()
def ensure(
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Say what would be done, and do nothing.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Create or alter topics as the deployed contracts ask. A second call changes nothing.

    Partitions of a topic that exists are never changed: a place's events would lose their order.
    Exit code 3 when Kafka or PostgreSQL is away.
    """
    settings = Settings()
    try:
        with closing(Registry(settings.postgres_dsn)) as registry:
            contracts = registry.deployed().contracts
        changes = ensure_topics(settings, contracts.values(), dry_run=dry_run)
    except KafkaAway as error:
        _away(str(error))
    except psycopg.OperationalError as error:
        _away(f"PostgreSQL is away ({str(error).strip()}). Look at `minsheng status`.")
    if as_json:
        typer.echo(json.dumps([asdict(change) for change in changes], ensure_ascii=False))
        return
    _out.print(_changes_table(changes))
    if not changes:
        _out.print("No contract is deployed: `minsheng contract deploy`.")


def _changes_table(changes: list[TopicChange]) -> Table:
    table = Table("topic", "", "", box=None)
    for change in changes:
        table.add_row(change.topic, change.action, change.detail)
    return table


def _away(text: str) -> NoReturn:
    _err.print(text, style="red", markup=False)
    raise typer.Exit(AWAY)
