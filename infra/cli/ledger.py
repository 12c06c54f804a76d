"""`minsheng ledger`: what was sent, against what became of it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Annotated

import psycopg
import typer
from rich.table import Table

from infra.cli import exits
from infra.cli.failures import failures
from infra.cli.output import AsJson, err, fail, print_json, wide
from infra.cli.sources import refuse_unknown
from infra.ledger import (
    MOST_HOURS,
    Entry,
    Hour,
    Sender,
    read_hours,
    read_ledger,
    read_senders,
    total,
)
from infra.ledger_as_of import looked_at, tells
from streams.days import day_of
from streams.registry import deployed, ever_deployed
from streams.settings import Settings
from streams.zone import ZONE

TEXTS = ("接收日", "来源")
NUMBERS = (
    "上游确认", "拒收", "已接收", "入账", "其中重放", "隔离", "重复", "冲突", "在途", "差额",
    "已归档", "待归档", "归档差额",
)  # fmt: skip
HOUR_NUMBERS = ("已接收", "上时在途", "入账", "其中重放", "隔离", "重复", "冲突", "在途", "差额", "最大差额")
SENDER_NUMBERS = ("事件", "有序号", "最小", "最大", "缺号", "重号", "无法读取")
ALL = "合计"
MOST_GAPS = 3


@failures()
def ledger(  # noqa: PLR0917 (options of a command)
    source: Annotated[str | None, typer.Option(help="one source only")] = None,
    day: Annotated[
        datetime | None, typer.Option(formats=["%Y-%m-%d"], help="one day of receipt only")
    ] = None,
    days: Annotated[int | None, typer.Option(min=1, help="only so many last days of receipt")] = None,
    hours: Annotated[
        int | None, typer.Option(min=1, max=MOST_HOURS, help="the last hours one by one, instead of days")
    ] = None,
    senders: Annotated[
        bool, typer.Option("--senders", help="the senders that number their events: what is missing there")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Show what was sent and what became of it, for every source and day of receipt.

    Sent (Kafka's own count) = accepted + quarantined + duplicate + conflict + in flight + residue.
    `其中重放`: how many of the accepted were in quarantine first, and replayed.
    Exit code 3 when a residue is not 0, or Kafka lacks events that were acknowledged. 75 when Kafka was not
    looked at for minutes (`截至`: when it was), so that nobody knows what came since; a day that was over
    when it was looked at needs no other look.
    """
    settings, now = Settings(), datetime.now(UTC)
    _refuse_combinations(day, days, hours, senders=senders)
    wanted = day.date() if day else None
    as_of, known = None, True
    shown: Sequence[Entry | Hour | Sender]
    with psycopg.connect(settings.postgres_dsn) as connection:
        names = titles(settings)
        if not senders:
            as_of = looked_at(connection, settings.topic_prefix)  # before the numbers: they are no older
            nothing_to_look_at = as_of is None and not deployed(settings).contracts
            known = nothing_to_look_at or tells(as_of, now, wanted)
        if hours is not None:
            shown = of_hours = read_hours(connection, now, hours, source)
            table = hour_table(of_hours, names)
            sound = not any(each.residue or each.worst_residue for each in of_hours)
        elif senders:
            shown = of_senders = read_senders(connection, source, wanted)
            table = sender_table(of_senders, names)
            sound = not any(each.missing or each.repeated for each in of_senders)
        else:
            since = None if days is None else day_of(now) - timedelta(days=days - 1)
            shown = entries = read_ledger(connection, settings.topic_prefix, source, wanted, since)
            table, sound = ledger_table(entries, names), all(entry.balances for entry in entries)
    if source is not None and not shown:
        refuse_unknown(source, names)
    if as_json:
        told = {} if senders else {"as_of": as_of.isoformat() if as_of else None}
        print_json([each.as_json() | told for each in shown])
    else:
        console = wide()
        console.print(table)
        if not senders:
            console.print(f"截至 {_instant(as_of)}")
    if not known:
        err.print(_behind(as_of), markup=False, style="red", soft_wrap=True)
    raise typer.Exit(exits.NO if not sound else exits.OK if known else exits.AWAY)


def _refuse_combinations(day: datetime | None, days: int | None, hours: int | None, *, senders: bool) -> None:
    """End the command where one option would be ignored beside another."""
    if hours is not None and (senders or day is not None or days is not None):
        fail("--hours goes without --day, --days and --senders: it tells of now.", exits.USAGE)
    if days is not None and day is not None:
        fail("--days goes without --day: one day is asked for, or the last ones.", exits.USAGE)
    if days is not None and senders:
        fail("--days goes without --senders: --day asks for one day of theirs.", exits.USAGE)


def _instant(as_of: datetime | None) -> str:
    return f"{as_of.astimezone(ZONE):%Y-%m-%d %H:%M:%S}" if as_of else "-"


def _behind(as_of: datetime | None) -> str:
    """What is not known, and what to do about it."""
    looked = f"was last looked at {_instant(as_of)} ({ZONE})" if as_of else "was never looked at"
    return (
        f"Kafka {looked}: what was sent since is not in these numbers. The Spark application looks, every ten"
        " seconds: `minsheng status` shows whether stream and kafka work, `minsheng up` starts what does not."
    )


def titles(settings: Settings) -> dict[str, str]:
    """The titles of all contracts by source, retired ones too."""
    return {name: contract.title for name, contract in ever_deployed(settings).items()}


def ledger_table(entries: Sequence[Entry], titles: dict[str, str]) -> Table:
    """The entries and their sum as a table; a residue that is not 0 is red.

    Of residues the sum is that of their sizes: one too many here and one too few there do not make 0.
    """
    table = _table(TEXTS, NUMBERS)
    for entry in entries:
        table.add_row(
            f"{entry.received_day}", titles.get(entry.source, entry.source), *_numbers(entry, [entry])
        )
    if len(entries) > 1:
        table.add_section()
        table.add_row("", ALL, *_numbers(total(entries, ALL, date.min), entries))
    return table


def hour_table(hours: Sequence[Hour], titles: dict[str, str]) -> Table:
    """Hours as a table; the largest residue is that of any minute of the hour."""
    table = _table(("时段", "来源"), HOUR_NUMBERS)
    for each in hours:
        booked = (each.accepted, each.replayed, each.quarantined, each.duplicate, each.conflict)
        table.add_row(
            f"{each.hour.astimezone(ZONE):%m-%d %H:00}",
            titles.get(each.source, each.source),
            *(f"{number:,}" for number in (each.sent, each.carried, *booked, each.in_flight)),
            _residue(each.residue),
            _residue(each.worst_residue),
        )
    return table


def sender_table(senders: Sequence[Sender], titles: dict[str, str]) -> Table:
    """Senders as a table, with the first numbers that are missing."""
    table = _table(("接收日", "来源", "发送方"), SENDER_NUMBERS)
    table.add_column("缺的序号")
    for each in senders:
        gaps = "、".join(f"{low}" if low == high else f"{low}-{high}" for low, high in each.gaps[:MOST_GAPS])
        ends = (each.lowest, each.highest)
        table.add_row(
            f"{each.received_day}",
            titles.get(each.source, each.source),
            each.sender,
            *(f"{number:,}" for number in (each.events, each.numbered)),
            *("-" if number is None else f"{number}" for number in ends),
            *(_residue(number) for number in (each.missing, each.repeated, each.unreadable)),
            gaps + (" …" if len(each.gaps) > MOST_GAPS else ""),
        )
    return table


def _table(texts: Sequence[str], numbers: Sequence[str]) -> Table:
    table = Table(box=None, pad_edge=False)
    for heading in texts:
        table.add_column(heading)
    for heading in numbers:
        table.add_column(heading, justify="right")
    return table


def _numbers(entry: Entry, parts: Sequence[Entry]) -> list[str]:
    """The cells of an entry that is the sum of `parts`."""
    one = len(parts) == 1
    residue = entry.residue if one else sum(abs(each.residue) for each in parts)
    archive_residue = entry.archive_residue if one else sum(abs(each.archive_residue) for each in parts)
    lost_upstream = any(each.lost_upstream for each in parts)
    ways = (entry.acknowledged, entry.refused)
    booked = (entry.accepted, entry.replayed, entry.quarantined, entry.duplicate, entry.conflict)
    live = (entry.sent, *booked, entry.in_flight)
    lake = (entry.archived, entry.to_archive)
    acknowledged, refused = (f"{number:,}" for number in ways)
    return [
        f"[red]{acknowledged}" if lost_upstream else acknowledged,
        refused,
        *(f"{number:,}" for number in live),
        _residue(residue),
        *(f"{number:,}" for number in lake),
        _residue(archive_residue),
    ]


def _residue(number: int) -> str:
    return f"[{'red' if number else 'green'}]{number:,}"
