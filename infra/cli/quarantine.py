"""`minsheng quarantine`: what is in quarantine, why, how much of it, and what becomes of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import psycopg
import typer
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from infra.cli import exits
from infra.cli import quarantine_tables as tables
from infra.cli.failures import failures
from infra.cli.output import AsJson, DryRun, err, fail, out, print_json
from infra.cli.quarantine_options import (
    CountyOption,
    FromOption,
    IdOption,
    NoteOption,
    PlaceOption,
    ReasonOption,
    SourceOption,
    State,
    StateOption,
    ToOption,
    ToReplayOption,
    selection,
)
from infra.cli.sources import refuse_never_deployed
from infra.cli.stopping import asked_to_stop
from infra.quarantine import closing, reading, seeing, wording
from infra.quarantine.closing import demand_narrow
from infra.quarantine.reading import Quarantined
from infra.who import who
from spark_jobs.replay.errors import Stale
from spark_jobs.replay.selection import Selection
from streams.contract.model import Contract
from streams.errors import PatchWrong
from streams.patch import Patch, check_patch, read_patch
from streams.personal import PersonalData
from streams.registry import deployed
from streams.settings import Settings
from streams.tokens import Tokens

if TYPE_CHECKING:
    from spark_jobs.replay.run import Report

app = typer.Typer(
    no_args_is_help=True,
    help="Quarantine (隔离区): events that are not right. None is lost, none counts until it is replayed.",
)


@app.command(name="list")
@failures()
def list_quarantined(  # noqa: PLR0917 (options of a command)
    source: SourceOption = None,
    reason: ReasonOption = None,
    place: PlaceOption = None,
    county: CountyOption = None,
    first: FromOption = None,
    last: ToOption = None,
    state: StateOption = State.OPEN,
    events: Annotated[bool, typer.Option("--events", help="Event by event, the newest first.")] = False,
    limit: Annotated[int, typer.Option(min=1, max=10_000, help="At most so many rows.")] = 50,
    as_json: AsJson = False,
) -> None:
    """List what is in quarantine, grouped by source, place and reason, the largest group first.

    The share is of the events of that place on the days from the group's first to its last event. An event
    with two reasons is in two groups.
    """
    settings = Settings()
    chosen = selection(source, reason, place, county, first, last, state)
    contracts = deployed(settings).contracts
    with psycopg.connect(settings.postgres_dsn) as connection:
        total = reading.count(connection, chosen)
        if not total:
            refuse_never_deployed(settings, source)
        if events:
            listed = reading.events(connection, chosen, limit)
            rows, table = [_told(each, contracts) for each in listed], tables.events_table(listed, contracts)
        else:
            found = reading.groups(connection, chosen, limit)
            rows = [
                each.as_json() | {"text": wording.sentence(each, contracts.get(each.source))}
                for each in found
            ]
            table = tables.groups_table(found, contracts)
    if as_json:
        print_json({"events": total, "groups" if not events else "newest": rows})
        return
    console = tables.console()
    console.print(table)
    console.print(f"共 {total:,} 条")


@app.command()
@failures()
def show(
    number: Annotated[int, typer.Argument(help="Its number, as `minsheng quarantine list --events` has it.")],
    original: Annotated[
        bool, typer.Option("--original", help="As it was sent; needs the right, and --why.")
    ] = False,
    why: Annotated[
        str | None, typer.Option("--why", help="Why you look at the original; it is kept.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Show one event: all its reasons, what it looks like (masked), where it stands, what was done with it.

    With --original as it was sent, personal numbers and all: only for accounts that can read the secret
    `originals` (exit code 3 if not), and who looked, when and why is kept.
    """
    settings = Settings()
    if original and not (why or "").strip():
        raise typer.BadParameter("an original is shown only to who says why", param_hint="--why")
    contracts = deployed(settings).contracts
    with psycopg.connect(settings.postgres_dsn, autocommit=True) as connection:
        event = reading.one(connection, number)
        told = _told(event, contracts) | {
            "replayed": reading.replayed(connection, number),
            "history": reading.history(connection, number),
        }
        if original:
            value = seeing.see(settings, connection, event, who(), why or "")
            told["original"] = value.decode("utf-8", "replace")
    if as_json:
        print_json(told)
    else:
        tables.print_event(event, told, contracts)


@app.command()
@failures()
def close(  # noqa: PLR0917 (options of a command)
    note: NoteOption,
    ids: IdOption = None,
    source: SourceOption = None,
    reason: ReasonOption = None,
    place: PlaceOption = None,
    county: CountyOption = None,
    first: FromOption = None,
    last: ToOption = None,
    dry_run: DryRun = False,
    as_json: AsJson = False,
) -> None:
    """Close events: somebody has looked at them, and they shall not count live.

    A rollup goes by the contract alone: where today's accepts a closed event, the day's final number has it.
    """
    settings = Settings()
    chosen = selection(source, reason, place, county, first, last, State.OPEN, ids)
    demand_narrow(chosen)
    with psycopg.connect(settings.postgres_dsn) as connection:
        done = (
            reading.count(connection, chosen) if dry_run else closing.close(connection, chosen, who(), note)
        )
    if not done:
        refuse_never_deployed(settings, source)
    if as_json:
        print_json({"dry_run": dry_run, "closed": done})
    else:
        out.print(f"{'将关闭' if dry_run else '已关闭'} {done:,} 条")


@app.command()
@failures()
def replay(  # noqa: PLR0917 (options of a command)
    ids: IdOption = None,
    source: SourceOption = None,
    reason: ReasonOption = None,
    place: PlaceOption = None,
    county: CountyOption = None,
    first: FromOption = None,
    last: ToOption = None,
    state: ToReplayOption = State.OPEN,
    patch: Annotated[
        Path | None,
        typer.Option("--patch", help="A file of changes to make first: streams/patch.py, docs/operator.md."),
    ] = None,
    note: Annotated[
        str | None, typer.Option("--note", help="Why. Default: what the patch says. Needed unless --dry-run.")
    ] = None,
    dry_run: DryRun = False,
    as_json: AsJson = False,
) -> None:
    """Judge events anew by today's contract, and count those that are right now: live and in the day.

    Each is judged as if it came when it came. Look first with --dry-run: how many pass, how many still fail
    and why, and what changes in which day. Interrupted, it can be run again: nothing counts twice. The days
    become due, and the next rollup publishes them again.

    Exit code 0: nothing of what was selected is left in quarantine. 3: something still fails, or its original
    is gone. 2: the patch or the selection is wrong. 75: something is away; run it again. 130: stopped by
    SIGTERM or Ctrl-C; run it again.
    """
    settings = Settings()
    if state is State.REPLAYED:
        raise typer.BadParameter(
            "what was replayed counts already: open, closed or all", param_hint="--state"
        )
    chosen = selection(source, reason, place, county, first, last, state, ids)
    demand_narrow(chosen)
    contracts = deployed(settings).contracts
    change = _checked(read_patch(patch), contracts, chosen.source) if patch else None
    why = note or (change.why if change else "")
    if not why.strip() and not dry_run:
        raise typer.BadParameter("say why; it stands in the history of every event", param_hint="--note")
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with (
        Progress(*columns, console=err, disable=as_json or not err.is_terminal) as progress,
        asked_to_stop() as stop,
    ):
        task = progress.add_task("replay", total=None)

        def done(events: int, of: int) -> None:
            progress.update(task, completed=events, total=of)
            if stop.is_set() and events < of:
                did = "Nothing was changed." if dry_run else "What was done stands; run it again."
                fail(f"Stopped after {events:,} of {of:,} events. {did}", exits.INTERRUPTED)

        report = _replay(settings, chosen, change, why, done, dry_run=dry_run)
    told = report.as_json(contracts) | {"dry_run": dry_run}
    if as_json:
        print_json(told)
    else:
        tables.print_report(told, contracts, dry_run=dry_run)
    raise typer.Exit(exits.NO if report.still or report.lost else exits.OK)


def _replay(
    settings: Settings,
    chosen: Selection,
    change: Patch | None,
    why: str,
    done: Callable[[int, int], None],
    *,
    dry_run: bool,
) -> Report:
    # The judge and what counts take a second to import: not for `list` and `show`.
    from spark_jobs.replay import run  # noqa: PLC0415
    from spark_jobs.replay.piece import Changes  # noqa: PLC0415

    changes = Changes(change, _edge(settings, change)) if change else None
    try:
        return run.replay(settings, run.Wish(chosen, who(), why, changes, dry_run), done)
    except Stale as error:
        fail(f"Stopped: {error}. What was done stands; run it again.", exits.AWAY)


def _checked(patch: Patch, contracts: Mapping[str, Contract], source: str | None) -> Patch:
    if source != patch.source:
        raise PatchWrong(f"The patch is for events of {patch.source}: say --source {patch.source}, too.")
    if patch.source not in contracts:
        raise PatchWrong(f"The patch is for {patch.source}, which is not deployed.")
    check_patch(patch, contracts[patch.source])
    return patch


def _edge(settings: Settings, patch: Patch) -> PersonalData | None:
    """The edge's key, where the patch tokenises: this command is a way in, then. Raises SecretMissing."""
    if not patch.tokenise:
        return None
    return PersonalData(Tokens.of(settings.secret("tokens")), allow_tokens=True)


def _told(event: Quarantined, contracts: Mapping[str, Contract]) -> dict[str, object]:
    return event.as_json() | {"reasons": wording.reasons(event, contracts)}
