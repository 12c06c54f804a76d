"""`minsheng import`: files of departments become events."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any
from zoneinfo import ZoneInfo

import typer
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeElapsedColumn

from infra.cli import exits
from infra.cli.failures import failures
from infra.cli.header_row import HeaderRow
from infra.cli.output import err, fail, out, print_json
from infra.cli.stopping import asked_to_stop
from streams.acknowledgements import Acknowledgements
from streams.contract.loader import load_contract
from streams.contract.model import Contract
from streams.importer.events import default_sender
from streams.importer.fingerprint import fingerprint
from streams.importer.mapping import ColumnMapping, read_mapping, with_options
from streams.importer.readers import open_table
from streams.importer.report import SUFFIX
from streams.importer.run import Import, Summary, Way, import_table
from streams.kafka_sender import KafkaSender, Patience
from streams.refusals import FileRefusals
from streams.registry import deployed
from streams.settings import Settings
from streams.tokens import Tokens
from streams.zone import ZONE_NAME


@failures()
def import_file(  # noqa: PLR0917 (options of a command, given by name)
    file: Annotated[Path, typer.Argument(help="CSV (UTF-8 or GB18030), XLSX, or JSON lines.")],
    source: Annotated[str, typer.Option("--source", help="The contract that its lines are events of.")],
    sender: Annotated[
        str | None, typer.Option(help="CloudEvents `source` of the events. Default: /import/<source>.")
    ] = None,
    column: Annotated[
        list[str] | None,
        typer.Option(
            "--map",
            help="HEADING=FIELD for a heading that is neither title nor name; or =time, =id; DAY+CLOCK=time.",
        ),
    ] = None,
    mapping: Annotated[Path | None, typer.Option(help="The same for many headings, as a YAML file.")] = None,
    zone: Annotated[
        str | None,
        typer.Option(help=f"Whose wall clock times without offset are. Default: {ZONE_NAME}."),
    ] = None,
    sheet: Annotated[str | None, typer.Option(help="Sheet of an XLSX. Default: the first.")] = None,
    header_row: HeaderRow = None,
    report: Annotated[Path | None, typer.Option(help=f"Refused lines. Default: FILE{SUFFIX}.")] = None,
    contract: Annotated[
        Path | None,
        typer.Option(exists=True, help="With --dry-run: judge by this contract file, deployed or not."),
    ] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Judge every line; send and count nothing.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print the summary as JSON.")] = False,
) -> None:
    """Import a file: each line is judged like any event; good ones go to Kafka, refused ones into a report.

    Headings are matched to the contract's titles and field names; 元, 角 or 万元 in a heading makes fen of
    its amounts; labels become values (早餐 -> breakfast), names of divisions their codes; cells of -, —, /,
    N/A, NULL or \\N are empty unless the contract or the mapping has them as values. A line without
    an id gets one from its content: importing a file twice counts once, refused lines too.

    Lines older than the contract's acceptance window are refused as too_old. To import history on purpose,
    deploy the contract with a wider `accept: {past: ...}`, import, and deploy the old one again.

    Exit code 0: every line was taken. 3: some were refused. 2: the file, the mapping or an option is wrong,
    nothing was sent. 75: Kafka or PostgreSQL is away; run the same command again, nothing counts twice. 130:
    stopped by SIGTERM or Ctrl-C between two lines; the same holds.
    """
    settings = Settings()
    if contract is not None and not dry_run:
        fail(
            "--contract goes with --dry-run only: what is sent is judged by deployed contracts.", exits.USAGE
        )
    known = load_contract(contract) if contract else _deployed(settings, source)
    if known.source != source:
        fail(f"{contract} is the contract of {known.source}, not of {source}.", exits.USAGE)
    columns = with_options(read_mapping(mapping) if mapping else ColumnMapping(), column or [])
    wanted = Import(
        contract=known,
        sender=sender or columns.sender or default_sender(source),
        zone=_zone(zone or columns.zone or ZONE_NAME),
        mapping=columns,
        tokens=Tokens.of(settings.secret("tokens")),
        topic_prefix=settings.topic_prefix,
    )
    report_path = report or file.with_name(file.name + SUFFIX)
    with (
        open_table(file, sheet=sheet, header_row=header_row or columns.header_row) as table,
        _way(settings, known.source, lambda: fingerprint(file, sheet, wanted.tokens), dry_run=dry_run) as way,
        _bar(quiet=as_json) as bar,
        asked_to_stop() as stop,
    ):
        task = bar.add_task(file.name, total=1.0, lines=0)
        summary = import_table(
            table,
            wanted,
            way,
            report_path,
            lambda done, lines: bar.update(task, completed=done, lines=lines),
            stop=stop,
        )
    if not summary.is_whole:
        fail(
            f"Stopped after {summary.lines:,} lines: {summary.accepted:,} acknowledged by Kafka,"
            f" {summary.refused:,} refused. Run the same command again: nothing counts twice.",
            exits.INTERRUPTED,
        )
    if as_json:
        print_json({**_as_json(summary, dry_run=dry_run), "header_row": table.header_row})
    else:
        if table.header_row > 1:
            out.print(f"  The headings stand on line {table.header_row}; what is above them is no row.")
        _print(summary, known, dry_run=dry_run)
    raise typer.Exit(exits.NO if summary.refused else exits.OK)


@contextmanager
def _way(
    settings: Settings, source: str, identity: Callable[[], str], *, dry_run: bool
) -> Iterator[Way | None]:
    if dry_run:
        yield None
        return
    patience = Patience(acknowledge_seconds=30, room_seconds=30)
    kafka = KafkaSender(settings, name="import", principal="import", patience=patience)
    kafka.reach()
    try:
        dsn = settings.postgres_dsn
        yield Way(kafka, FileRefusals(dsn, source, identity()), Acknowledgements(dsn, "import"))
    finally:
        kafka.close()


def _deployed(settings: Settings, source: str) -> Contract:
    contracts = deployed(settings).contracts
    if source not in contracts:
        there = ", ".join(contracts) or "none"
        fail(
            f"No contract named {source} is deployed ({there}). `minsheng contract deploy` deploys.",
            exits.USAGE,
        )
    return contracts[source]


def _zone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        fail(f"--zone {name}: no such zone. Name it as the IANA does: Asia/Shanghai.", exits.USAGE)


def _bar(*, quiet: bool) -> Progress:
    return Progress(
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        TaskProgressColumn(),
        TextColumn("{task.fields[lines]:,} lines"),
        TimeElapsedColumn(),
        console=err,
        disable=quiet,
    )


def _as_json(summary: Summary, *, dry_run: bool) -> dict[str, Any]:
    return {
        "dry_run": dry_run,
        "lines": summary.lines,
        "accepted": summary.accepted,
        "refused": summary.refused,
        "by_code": dict(summary.by_code),
        "columns": {target.heading: target.name for target in summary.columns},
        "ignored": summary.ignored,
        "report": str(summary.report),
    }


def _print(summary: Summary, contract: Contract, *, dry_run: bool) -> None:
    for target in summary.columns:
        unit = f" ({target.unit})" if target.unit else ""
        clock = f" + {target.clock}" if target.clock else ""
        out.print(f"  {target.heading}{clock} -> {target.name}{unit}", markup=False, soft_wrap=True)
    if summary.ignored:
        out.print(f"  leads nowhere: {', '.join(summary.ignored)}", markup=False, soft_wrap=True)
    done = "would be sent" if dry_run else "acknowledged by Kafka"
    out.print(f"{summary.lines:,} lines: {summary.accepted:,} {done}, {summary.refused:,} refused.")
    if summary.refused:
        codes = ", ".join(f"{code} {count:,}" for code, count in summary.by_code.most_common())
        out.print(f"Refused: {codes}. Lines and reasons: {summary.report}", markup=False, soft_wrap=True)
    if "too_old" in summary.by_code:
        past = contract.accept.past.days
        out.print(
            f"The contract takes events of the last {past} days. For history deploy it with a wider"
            " `accept: {past: ...}` and import again.",
            markup=False,
            soft_wrap=True,
        )
