"""`minsheng reconcile`: the platform's books against others': a finance file, senders' own numbers."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Annotated, Any

import psycopg
import typer
from rich.table import Table

from infra.cli import exits
from infra.cli.failures import failures
from infra.cli.output import AsJson, fail, out, print_json, wide
from infra.cli.sources import refuse_never_deployed
from infra.finance.wording import INCOMPLETE, beside_revision, listed
from streams.contract.model import Contract
from streams.days import day_of
from streams.importer.mapping import ColumnMapping, read_mapping, with_options
from streams.registry import deployed
from streams.settings import Settings
from streams.zone import ZONE

app = typer.Typer(no_args_is_help=True, help="Compare the platform's books with others' (finance, senders).")

DayOption = Annotated[datetime, typer.Option(formats=["%Y-%m-%d"], help="Event day, YYYY-MM-DD.")]
UNITS = ("元", "万元", "角", "分")
SHOWN = 20
KEPT = ("编号", "事件日", "来源", "版本", "时间", "文件", "行", "不同", "财政（元）", "平台（元）")


@app.command()
@failures()
def finance(  # noqa: PLR0917 (options of a command)
    file: Annotated[Path, typer.Argument(help="CSV (UTF-8, GB18030) or XLSX of the finance department.")],
    source: Annotated[str, typer.Option(help="The deployed source that its lines are about.")],
    day: DayOption,
    column: Annotated[
        list[str] | None,
        typer.Option("--map", help="HEADING=FIELD of the contract, or HEADING=count for numbers of events."),
    ] = None,
    mapping: Annotated[Path | None, typer.Option(help="The same for many headings, as a YAML file.")] = None,
    sheet: Annotated[str | None, typer.Option(help="Sheet of an XLSX. Default: the first.")] = None,
    unit: Annotated[str | None, typer.Option(help="Unit of the amounts: 元, 万元, 角 or 分.")] = None,
    report: Annotated[Path | None, typer.Option(help="Where the report goes. Default: beside FILE.")] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Compare; keep and write nothing.")] = False,
    as_json: AsJson = False,
) -> None:
    """Compare a day's events with a finance file, by the fields that its headings name, to the event.

    Headings are matched to the contract's titles; titles, totals and notes in the file are told from lines.
    The result is kept (`minsheng reconcile list`), and an XLSX for the department written: differences, the
    events behind them, events held back because somebody was to be paid twice, lines that could not be read.

    Exit code 0: all agrees. 3: something differs, or a line could not be read. 2: the file, the mapping or an
    option is wrong. 75: Kafka or PostgreSQL is away, or the lake does not hold all of the day yet: what was
    found is shown, and nothing kept.
    """
    # Spark takes seconds to import: not for `list` and `show`.
    from infra.finance.check import check, keep  # noqa: PLC0415
    from infra.finance.report import SUFFIX, write_report  # noqa: PLC0415

    settings = Settings()
    if unit is not None and unit not in UNITS:
        fail(f"--unit {unit}: it is one of {', '.join(UNITS)}.", exits.USAGE)
    contract = _contract(settings, source)
    columns = with_options(read_mapping(mapping) if mapping else ColumnMapping(), column or [])
    made = check(settings, contract, day.date(), file, columns, sheet, unit)
    where = report or file.with_name(file.name + SUFFIX)
    kept = made.complete and not dry_run
    if kept:
        write_report(made, contract, where)
        number = keep(settings, made)
    if as_json:
        print_json(made.as_json() | ({"id": number, "report": str(where)} if kept else {}))
    else:
        print_result(made.as_json(), contract)
        if kept:
            said = f"Kept as number {number}: `minsheng reconcile show {number}`. Report: {where}"
            out.print(said, markup=False)
    if not made.complete:
        fail(
            f"{source} {day:%Y-%m-%d}: the lake does not hold all of the day yet, so this is no result;"
            " nothing was kept. Try again when the day is over and archived (look at `minsheng status`).",
            exits.AWAY,
        )
    raise typer.Exit(exits.OK if made.agrees else exits.NO)


@app.command(name="list")
@failures()
def list_kept(
    source: Annotated[str | None, typer.Option(help="Only this source.")] = None,
    limit: Annotated[int, typer.Option(min=1, help="At most so many.")] = 30,
    as_json: AsJson = False,
) -> None:
    """List the comparisons with finance, the newest first."""
    from infra.finance.kept import kept  # noqa: PLC0415 (as above)

    settings = Settings()
    with psycopg.connect(settings.postgres_dsn) as connection:
        rows = kept(connection, source, limit)
    if not rows:
        refuse_never_deployed(settings, source)
    if as_json:
        print_json([row.as_json() for row in rows])
        return
    table = Table(*KEPT, box=None)
    for row in rows:
        made = f"{row.made_at.astimezone(ZONE):%Y-%m-%d %H:%M} {row.made_by}"
        sums = [_yuan(row.finance_fen), _yuan(row.platform_fen)]
        cells = [row.id, row.event_day, row.source, row.revision or "-", made, row.file, row.lines]
        table.add_row(*map(str, cells), f"{row.different}", *sums)
    wide().print(table)


@app.command()
@failures()
def show(
    number: Annotated[int, typer.Argument(help="As `minsheng reconcile list` shows it.")],
    as_json: AsJson = False,
) -> None:
    """Show what a comparison with finance found. Exit code 3 if something differed."""
    from infra.finance.kept import result  # noqa: PLC0415 (as above)

    settings = Settings()
    with psycopg.connect(settings.postgres_dsn) as connection:
        found = result(connection, number)
    if found is None:
        fail(f"There is no comparison number {number}. `minsheng reconcile list` lists them.", exits.USAGE)
    if as_json:
        print_json(found)
    else:
        print_result(found, _contract(settings, found["source"]))
    raise typer.Exit(exits.OK if found["agrees"] and found["complete"] else exits.NO)


@app.command()
@failures()
def senders(
    day: Annotated[
        datetime | None, typer.Option(formats=["%Y-%m-%d"], help="Day of receipt. Default: yesterday.")
    ] = None,
    running: Annotated[
        bool, typer.Option("--running", help="The running day, as far as it is archived, and no other.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Look in the lake for gaps and repeats in the numbers of senders that number their events.

    `minsheng ledger --senders` shows what was found. The day before is looked at again: what came late closes
    its gaps. Airflow does this every night, and every hour for the running day (--running), whose last gaps
    may be numbers that are on their way.
    """
    from infra.sequences import look, look_at_running  # noqa: PLC0415 (opens the lake's reader)

    if running and day is not None:
        fail("--running goes without --day: it is the running day.", exits.USAGE)
    today = day_of(datetime.now(UTC))
    wanted: date = today if running else day.date() if day else today - timedelta(days=1)
    rows = (look_at_running if running else look)(Settings(), wanted)
    if as_json:
        print_json({"day": wanted.isoformat(), "rows": rows})
    else:
        out.print(f"{wanted}: {rows} rows. `minsheng ledger --senders --day {wanted}` shows them.")


def _contract(settings: Settings, source: str) -> Contract:
    contracts = deployed(settings).contracts
    if source not in contracts:
        there = ", ".join(contracts) or "none; `minsheng contract deploy`"
        fail(f"{source}: no such contract is deployed. Deployed are: {there}.", exits.USAGE)
    return contracts[source]


def print_result(found: dict[str, Any], contract: Contract) -> None:
    """What was found, as text: sums, differences, lines that were not read."""
    finance_side, platform_side = _sums(found["finance"]), _sums(found["platform"])
    revision = found["revision"]
    published = f"日终第 {revision} 版" if revision else "尚未发布日终"
    out.print(f"{contract.title} {found['day']}（{published}）：{found['file']}", markup=False)
    out.print(f"  财政 {finance_side}；平台 {platform_side}", markup=False)
    if found.get("current") is False:
        said = beside_revision(found["revision"], found["published_events"], found["compared_events"])
        out.print(f"  {said}", markup=False)
    if not found["complete"]:
        out.print(f"  {INCOMPLETE}", markup=False)
    differences = _list(found["differences"])
    names = [name for name in (differences[0] if differences else {}) if name in contract.columns]
    table = Table(*(contract.columns[name].title for name in names), box=None)
    for heading in ("财政（元）", "平台（元）", "相差（元）", "财政笔数", "平台笔数", "相差笔数", "事件"):
        table.add_column(heading, justify="right", overflow="fold")
    for each in differences[:SHOWN]:
        ours, theirs = each["platform"] or {}, each["finance"] or {}
        fen = [_yuan(side) for side in (theirs.get("amount_fen"), ours.get("amount_fen"), each["amount_fen"])]
        counts = [_number(side) for side in (theirs.get("count"), ours.get("count"), each["count"])]
        shown = len(each["events"])
        events = listed(shown, each.get("events_total", shown))
        table.add_row(*(str(each[name]) for name in names), *fen, *counts, events)
    if differences:
        wide().print(table)
    if len(differences) > SHOWN:
        out.print(f"  … 共 {len(differences)} 处不同，全部见报告", markup=False)
    for fault in _list(found["faults"])[:SHOWN]:
        out.print(f"  第 {fault['row']} 行未读取：{fault['reason']}", markup=False)
    for text in _list(found["total_faults"]):
        out.print(f"  {text}", markup=False)
    if twice := _list(found["paid_twice"]):
        told = listed(len(twice), found.get("paid_twice_total", len(twice)))
        out.print(f"  {told} 条因重复发放被隔离，见报告「重复发放」", markup=False)


def _list(value: object) -> list[Any]:
    return value if isinstance(value, list) else []


def _sums(side: object) -> str:
    sums = side if isinstance(side, dict) else {}
    return f"{_yuan(sums.get('amount_fen'))} 元、{_number(sums.get('count'))} 笔"


def _yuan(fen: int | None) -> str:
    return "-" if fen is None else f"{fen / 100:,.2f}"


def _number(count: int | None) -> str:
    return "-" if count is None else f"{count:,}"
