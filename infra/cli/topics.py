"""`minsheng topics`: Kafka topics of the deployed contracts."""

from __future__ import annotations

from dataclasses import asdict

import typer
from rich.table import Table

from infra.cli.failures import failures
from infra.cli.output import AsJson, DryRun, out, print_json
from streams.registry import deployed
from streams.settings import Settings
from streams.topics import TopicChange, ensure_topics, list_topics

app = typer.Typer(
    no_args_is_help=True, help="Kafka topics, one a source, as the deployed contracts ask for them."
)


@app.command("list")
@failures()
def show(as_json: AsJson = False) -> None:
    """Show the topics under this installation's prefix. Exit code 75 when Kafka is away."""
    topics = list_topics(Settings())
    if as_json:
        print_json([asdict(topic) for topic in topics])
        return
    table = Table("topic", "partitions", "replicas", "retention", "timestamps", box=None)
    for topic in topics:
        kept = "broker's default" if topic.retention is None else str(topic.retention)
        stamp = topic.configs.get("message.timestamp.type", "CreateTime")
        table.add_row(topic.name, str(topic.partitions), str(topic.replication), kept, stamp)
    out.print(table)


@app.command()
@failures()
def ensure(dry_run: DryRun = False, as_json: AsJson = False) -> None:
    """Create or alter topics as the deployed contracts ask. A second call changes nothing.

    Partitions of a topic that exists are never changed: a place's events would lose their order.
    Exit code 75 when Kafka or PostgreSQL is away.
    """
    settings = Settings()
    contracts = deployed(settings).contracts
    changes = ensure_topics(settings, contracts.values(), dry_run=dry_run)
    if as_json:
        print_json([asdict(change) for change in changes])
        return
    out.print(_changes_table(changes))
    if not changes:
        out.print("No contract is deployed: `minsheng contract deploy`.")


def _changes_table(changes: list[TopicChange]) -> Table:
    table = Table("topic", "", "", box=None)
    for change in changes:
        table.add_row(change.topic, change.action, change.detail)
    return table
