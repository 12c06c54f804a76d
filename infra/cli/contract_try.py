"""`minsheng contract try`: what a contract would make of events, before anything is deployed."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Annotated

import typer
from rich.markup import escape
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeElapsedColumn
from rich.table import Table

from infra.cli import exits
from infra.cli.contract_files import one
from infra.cli.failures import failures
from infra.cli.header_row import HeaderRow
from infra.cli.output import AsJson, err, out, print_json
from infra.trial import report
from infra.trial.arrivals import Arrival, of_day, of_file
from infra.trial.outcome import ACCEPTED, REFUSED, Outcome, Trial
from infra.trial.pieces import Pieces, pieces
from streams.contract.model import Contract
from streams.importer.mapping import ColumnMapping, read_mapping, with_options
from streams.importer.readers import open_table
from streams.importer.tables import Table as Read
from streams.settings import Settings
from streams.simulator.city import City
from streams.simulator.day import SimulatedDay
from streams.zone import ZONE

_SHOWN_LINES = 20
_SHOWN_ROWS = 12


@failures()
def try_contract(  # noqa: PLR0917 (options of a command, given by name)
    contract: Annotated[str, typer.Argument(help="A contract file, or a source of the folder.")],
    events: Annotated[
        Path | None,
        typer.Option(
            "--events", exists=True, dir_okay=False, help="CSV, XLSX or JSON lines. Default: a simulated day."
        ),
    ] = None,
    mapping: Annotated[Path | None, typer.Option(help="Mapping file, as for `minsheng import`.")] = None,
    column: Annotated[
        list[str] | None, typer.Option("--map", help="HEADING=FIELD, as for `minsheng import`.")
    ] = None,
    sheet: Annotated[str | None, typer.Option(help="Sheet of an XLSX. Default: the first.")] = None,
    header_row: HeaderRow = None,
    day: Annotated[
        datetime | None, typer.Option(formats=["%Y-%m-%d"], help="The simulated day. Default: yesterday.")
    ] = None,
    seed: Annotated[int, typer.Option(help="Of the simulated day.")] = 1,
    folder: Annotated[
        Path | None, typer.Option("--out", help="Write report.html and day.svg into this folder.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Try a contract on events: nothing is sent or deployed, no server is needed.

    Each event gets its verdict and its reason; what is accepted is counted by minute and by day as the live
    query and the rollup would; what is refused is shown as it would stand in quarantine, masked. Then: the
    tables, charts and tasks that deploying would make.

    Exit code 0: every event of the file was accepted, or the day was a simulated one, which has faults on
    purpose. 3: some were refused.
    """
    settings = Settings()
    known = one(settings, contract, as_deployed=False)
    with _bar(quiet=as_json) as bar:
        if events is None:
            on = (day or datetime.now(ZONE) - timedelta(days=1)).date()
            origin, outcome = f"模拟日 {on}（种子 {seed}）", _simulated(known, on, seed, bar)
        else:
            columns = with_options(read_mapping(mapping) if mapping else ColumnMapping(), column or [])
            with open_table(events, sheet=sheet, header_row=header_row or columns.header_row) as table:
                origin, outcome = _named(events, table), _of_table(known, events.name, table, columns, bar)
    made = pieces(known, settings.topic_prefix)
    if folder is not None:
        _write(folder, outcome, made, origin)
    if as_json:
        print_json(report.as_json(outcome, made, origin))
    else:
        _print(outcome, made, origin, folder)
    raise typer.Exit(exits.NO if events is not None and outcome.counts[REFUSED] else exits.OK)


def _simulated(contract: Contract, on: date, seed: int, bar: Progress) -> Outcome:
    simulated = SimulatedDay(City(contract, seed), on)
    task = bar.add_task(f"simulating {on}", total=simulated.count())
    return _tried(contract, of_day(simulated), lambda arrivals: bar.advance(task, len(arrivals)))


def _named(path: Path, table: Read) -> str:
    return path.name if table.header_row == 1 else f"{path.name}（表头在第 {table.header_row} 行）"


def _of_table(contract: Contract, name: str, table: Read, mapping: ColumnMapping, bar: Progress) -> Outcome:
    task = bar.add_task(name, total=1.0)
    return _tried(
        contract,
        of_file(table, contract, mapping, datetime.now(UTC)),
        lambda _: bar.update(task, completed=table.done()),
    )


def _tried(
    contract: Contract, arrivals: Iterator[list[Arrival]], told: Callable[[list[Arrival]], object]
) -> Outcome:
    trial = Trial(contract)
    for chunk in arrivals:
        trial.add(chunk)
        told(chunk)
    return trial.finish()


def _write(folder: Path, outcome: Outcome, made: Pieces, origin: str) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "report.html").write_text(report.page(outcome, made, origin), encoding="utf-8")
    (folder / "day.svg").write_text(report.drawn(outcome), encoding="utf-8")


def _print(outcome: Outcome, made: Pieces, origin: str, folder: Path | None) -> None:
    contract = outcome.contract
    listed = "，".join(f"{name} {outcome.counts[key]:,}" for key, name in report.NAMES.items())
    head = f"[bold]{contract.source}[/] {contract.version}  {escape(origin)}"
    out.print(f"{head}：{outcome.events:,} 条事件，{listed}")
    for code, count in outcome.codes.most_common():
        out.print(f"  {code} {count:,}", markup=False)
    for each in outcome.refused[:_SHOWN_LINES]:
        out.print(
            f"  line {each.line}: {'; '.join(text for _, _, text in each.reasons)}",
            markup=False,
            soft_wrap=True,
        )
    if outcome.counts[REFUSED] > _SHOWN_LINES:
        out.print(
            f"  ... {outcome.counts[REFUSED] - _SHOWN_LINES:,} more; all kinds are in --out FOLDER and --json"
        )
    for name, table in report.shown_days(outcome).items():
        _print_days(name, report.rows_of(table, "event_day"), outcome.minutes[name].num_rows)
    out.print(
        f"deploying would make topic {made.topic} ({made.partitions} partitions), {', '.join(made.tables)};"
    )
    out.print(
        f"{len(made.charts)} charts on {made.page}; tasks of {', '.join(dag for dag, _ in made.tasks)}."
    )
    if folder is not None:
        out.print(f"wrote {folder / 'report.html'} and {folder / 'day.svg'}", markup=False, soft_wrap=True)
    if outcome.counts[ACCEPTED] == 0:
        err.print("No event was accepted: see the reasons above.", style="yellow")


def _print_days(name: str, found: dict[str, object], minutes: int) -> None:
    shown = found["shown"]
    rows = shown[:_SHOWN_ROWS] if isinstance(shown, list) else []
    table = Table(
        *(rows[0] if rows else ()),
        box=None,
        title=f"mart.{name} ({found['rows']:,} rows by day, {minutes:,} by minute)",
    )
    for row in rows:
        table.add_row(
            *(
                "-"
                if value is None
                else f"{value:,}"
                if isinstance(value, (int, float))
                else escape(str(value))
                for value in row.values()
            )
        )
    out.print(table)


@contextmanager
def _bar(*, quiet: bool) -> Iterator[Progress]:
    columns = (
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        TaskProgressColumn(),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=err, disable=quiet) as bar:
        yield bar
