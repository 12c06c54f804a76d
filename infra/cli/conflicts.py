"""`minsheng conflicts`: events that came again under the same id with another content."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated

import psycopg
import typer
from rich.table import Table
from rich.text import Text

from infra.cli.failures import failures
from infra.cli.ledger import titles
from infra.cli.output import AsJson, print_json
from infra.cli.quarantine_options import FromOption, SourceOption, State, ToOption, selection
from infra.cli.quarantine_tables import console, short
from infra.cli.sources import refuse_never_deployed
from infra.quarantine import conflicts
from streams.settings import Settings

app = typer.Typer(
    no_args_is_help=True,
    help="Conflicts (冲突): the same id with another content. The first counts, the second is kept here.",
)


@app.command(name="list")
@failures()
def list_conflicts(
    source: SourceOption = None,
    first: FromOption = None,
    last: ToOption = None,
    limit: Annotated[int, typer.Option(min=1, max=10_000, help="At most so many rows.")] = 50,
    as_json: AsJson = False,
) -> None:
    """List conflicts, the newest first: source, event day, where the first and the second one stand."""
    settings = Settings()
    chosen = selection(source, None, None, None, first, last, State.ALL)
    with psycopg.connect(settings.postgres_dsn) as connection:
        found = conflicts.conflicts(connection, source, chosen.first, chosen.last, limit)
    if not found:
        refuse_never_deployed(settings, source)
    if as_json:
        print_json([each.as_json() for each in found])
        return
    names = titles(settings)
    table = Table(
        "编号", "接收时间", "来源", "事件日期", "先到（已计入）", "后到（未计入）", box=None, pad_edge=False
    )
    for each in found:
        told = each.as_json()
        table.add_row(
            str(each.number),
            short(each.received_at),
            Text(names.get(each.source, each.source)),
            f"{each.event_day}",
            told["first"],
            told["second"],
        )
    console().print(table)


@app.command()
@failures()
def show(
    number: Annotated[int, typer.Argument(help="Its number, as `minsheng conflicts list` has it.")],
    as_json: AsJson = False,
) -> None:
    """Show both contents side by side, masked, with what differs marked."""
    settings = Settings()
    with psycopg.connect(settings.postgres_dsn) as connection:
        found = conflicts.one(connection, number)
    values = conflicts.compared(settings, found)
    if as_json:
        rows = None if values is None else [asdict(each) | {"differs": each.differs} for each in values]
        print_json(found.as_json() | {"values": rows})
        return
    if values is None:
        console().print("原始记录已超过保存期限，无法对照")
        return
    table = Table("", "名称", "先到（已计入）", "后到（未计入）", box=None, pad_edge=False)
    for each in values:
        style = "bold red" if each.differs else ""
        cells = (Text(text or "（无）", style) for text in (each.name, each.first, each.second))
        table.add_row("≠" if each.differs else "", *cells)
    console().print(table)
