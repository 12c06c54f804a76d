"""`minsheng ledger`: what was sent, against what became of it."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from datetime import date, datetime
from typing import Annotated

import psycopg
import typer
from rich.console import Console
from rich.table import Table

from infra.cli import exits
from infra.cli.failures import failures
from infra.cli.output import AsJson, print_json
from infra.ledger import Entry, read_ledger, total
from streams.registry import deployed
from streams.settings import Settings

PRINTED_WIDTH = 160
TEXTS = ("接收日", "来源")
NUMBERS = ("已接收", "入账", "隔离", "重复", "冲突", "在途", "差额", "已归档", "待归档", "归档差额")
ALL = "合计"


@failures()
def ledger(
    source: Annotated[str | None, typer.Option(help="one source only")] = None,
    day: Annotated[
        datetime | None, typer.Option(formats=["%Y-%m-%d"], help="one day of receipt only")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Show what was sent and what became of it, for every source and day of receipt.

    Sent (Kafka's own count) = accepted + quarantined + duplicate + conflict + in flight + residue.
    Exit code 3 when a residue is not 0.
    """
    settings = Settings()
    with psycopg.connect(settings.postgres_dsn) as connection:
        entries = read_ledger(connection, settings.topic_prefix, source, day.date() if day else None)
    if as_json:
        print_json([entry.as_json() for entry in entries])
    else:
        console = Console(width=None if sys.stdout.isatty() else PRINTED_WIDTH)
        console.print(ledger_table(entries, titles(settings)))
    raise typer.Exit(exits.OK if all(entry.balances for entry in entries) else exits.NO)


def titles(settings: Settings) -> dict[str, str]:
    """The titles of the deployed contracts by source."""
    return {name: contract.title for name, contract in deployed(settings).contracts.items()}


def ledger_table(entries: Sequence[Entry], titles: dict[str, str]) -> Table:
    """The entries and their sum as a table; a residue that is not 0 is red."""
    table = Table(box=None, pad_edge=False)
    for heading in TEXTS:
        table.add_column(heading)
    for heading in NUMBERS:
        table.add_column(heading, justify="right")
    for entry in entries:
        table.add_row(f"{entry.received_day}", titles.get(entry.source, entry.source), *_numbers(entry))
    if len(entries) > 1:
        table.add_section()
        table.add_row("", ALL, *_numbers(total(entries, ALL, date.min)))
    return table


def _numbers(entry: Entry) -> list[str]:
    live = (entry.sent, entry.accepted, entry.quarantined, entry.duplicate, entry.conflict, entry.in_flight)
    lake = (entry.archived, entry.to_archive)
    return [
        *(f"{number:,}" for number in live),
        _residue(entry.residue),
        *(f"{number:,}" for number in lake),
        _residue(entry.archive_residue),
    ]


def _residue(number: int) -> str:
    return f"[{'red' if number else 'green'}]{number:,}"
