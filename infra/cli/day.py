"""`minsheng day`: a day of a source, live beside published, and why the two differ."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated

import psycopg
import typer
from rich.table import Table

from expectations import wording
from infra.cli import exits
from infra.cli.failures import failures
from infra.cli.output import AsJson, print_json, wide
from infra.cli.sources import refuse_unknown
from spark_jobs.rollup.account import Account, read
from spark_jobs.rollup.comparison import summed
from spark_jobs.rollup.differences import Sums
from streams.contract.model import Contract
from streams.registry import ever_deployed
from streams.settings import Settings
from streams.zone import ZONE

EVENTS, LIVE, PUBLISHED, NONE = "事件", "实时", "日终", "-"


@failures()
def day(
    source: Annotated[str, typer.Argument(help="A source, deployed or retired.")],
    event_day: Annotated[datetime, typer.Argument(formats=["%Y-%m-%d"], help="Event day, YYYY-MM-DD.")],
    as_json: AsJson = False,
) -> None:
    """Show a day live and published, and the rows by which the two differ. They add up exactly.

    Exit code 3 when part of the difference has no known cause.
    """
    settings = Settings()
    contracts = ever_deployed(settings)
    refuse_unknown(source, contracts)
    with psycopg.connect(settings.postgres_dsn) as connection:
        account = read(connection, contracts[source], event_day.date())
    if as_json:
        print_json(account.as_json())
    else:
        console = wide()
        console.print(heading(account, contracts[source], event_day.date()), markup=False)
        console.print(account_table(account, contracts[source]))
    raise typer.Exit(exits.OK if account.unexplained is None else exits.NO)


def heading(account: Account, contract: Contract, event_day: date) -> str:
    """What is published: which revision, when and why."""
    found = account.published
    if found is None:
        return f"{contract.title} {event_day}：尚未发布日终"
    at = f"{found.published_at.astimezone(ZONE):%Y-%m-%d %H:%M}"
    said = f"{contract.title} {event_day}：日终第 {found.revision} 版，{at} 发布（{found.reason}）"
    return said if found.compared_at is not None else f"{said}；该版发布时未与实时核对，请重新汇总"


def account_table(account: Account, contract: Contract) -> Table:
    """Live, the rows of the difference, and published, in events and in every summed field."""
    fields = [name for name in summed(contract) if name in account.live.sums]
    table = Table(box=None, pad_edge=False)
    table.add_column("")
    for title in (EVENTS, *(_title(contract, name) for name in fields)):
        table.add_column(title, justify="right")
    table.add_row(LIVE, f"{account.live.events:,}", *_cells(account.live.sums, fields, contract, ","))
    for row in account.rows:
        style = "red" if row.cause == "unexplained" else None
        cells = _cells(row.sums, fields, contract, "+,")
        table.add_row(wording.CAUSES[row.cause], f"{row.events:+,}", *cells, style=style)
    if account.published is not None:
        sums = account.published.sums or {}
        table.add_section()
        table.add_row(PUBLISHED, f"{account.published.accepted:,}", *_cells(sums, fields, contract, ","))
    return table


def _title(contract: Contract, field: str) -> str:
    spec = contract.columns[field]
    return f"{spec.title}（元）" if spec.type == "fen" else spec.title


def _cells(sums: Sums, fields: list[str], contract: Contract, form: str) -> list[str]:
    return [
        NONE
        if name not in sums
        else format(sums[name] / 100, f"{form}.2f")
        if contract.columns[name].type == "fen"
        else format(sums[name], form)
        for name in fields
    ]
