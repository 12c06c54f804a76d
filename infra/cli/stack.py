"""`minsheng up|down|status|logs`: the local stack."""

from __future__ import annotations

import subprocess
from typing import Annotated

import psycopg
import typer
from rich.table import Table
from rich.text import Text

from expectations.alerts import read_open
from infra.cli import exits
from infra.cli.failures import failures
from infra.cli.output import AsJson, DryRun, err, fail, out, print_json, wide
from infra.local.bring_up import last_lines
from infra.local.parts import all_parts, chosen
from infra.local.stack import Rehearsal, Stack, log_of
from infra.local.status import TITLES, PartStatus
from streams.errors import SecretMissing
from streams.settings import Settings
from streams.zone import ZONE_NAME

app = typer.Typer()
STATUS_WIDTH = 200
COLOURS = {"healthy": "green", "starting": "yellow", "stopped": "dim"}


@app.command()
@failures()
def up(
    only: Annotated[
        str, typer.Option(help="parts, comma separated, with all that they need; all by default")
    ] = "",
    dry_run: DryRun = False,
) -> None:
    """Start the local stack; return when every part is healthy.

    Secrets are made, the database is migrated. What runs and works is left alone. Exit code 1 when something
    stands in the way or a part does not become healthy: the message says what to do, the same call goes on.
    """
    stack, names = Stack.of(Settings(), err), [name.strip() for name in only.split(",") if name.strip()]
    if dry_run:
        _tell(stack.rehearsed(names))
        return
    try:
        stack.up(names)
    except KeyboardInterrupt:
        err.print(
            "\ninterrupted; what has started keeps running, `minsheng up` goes on, `minsheng down` ends it"
        )
        raise typer.Exit(exits.INTERRUPTED) from None


def _tell(rehearsal: Rehearsal) -> None:
    """Exit code 1 where something stands in the way, as it would be without --dry-run."""
    out.print(f"would start: {', '.join(rehearsal.starting) or 'nothing'}", soft_wrap=True)
    out.print(f"runs already: {', '.join(rehearsal.running) or 'nothing'}", soft_wrap=True)
    if rehearsal.obstacles:
        fail("\n".join(rehearsal.obstacles), exits.FAILURE)


@app.command()
@failures()
def down(dry_run: DryRun = False) -> None:
    """Stop every part of the local stack. Nothing is lost: data, logs and secrets stay."""
    stack = Stack.of(Settings(), err)
    if dry_run:
        running = stack.running()
        out.print(f"would stop: {', '.join(running)}" if running else "nothing is running", soft_wrap=True)
        return
    stopped = stack.down()
    err.print(f"stopped: {', '.join(stopped)}" if stopped else "nothing was running")


@app.command()
@failures()
def status(as_json: AsJson = False) -> None:
    """Show every part: state, since when, memory, and what is wrong with it.

    Exit code 0 when every part that should run is healthy, 3 otherwise.
    """
    found = Stack.of(Settings(), err).statuses()
    if as_json:
        print_json([part.as_json() for part in found])
    else:
        console = wide(STATUS_WIDTH, highlight=True)
        console.print(_table(found))
        console.print(_alerts(Settings()))
    optional = {part.name for part in all_parts(Settings()) if part.on_demand}
    wanted = [part for part in found if part.name not in optional or part.state != "stopped"]
    raise typer.Exit(exits.OK if all(part.state == "healthy" for part in wanted) else exits.NO)


def _alerts(settings: Settings) -> str:
    """One line about the alerts that stand."""
    try:
        with psycopg.connect(settings.postgres_dsn, connect_timeout=2) as connection:
            standing = len(read_open(connection))
    except (psycopg.Error, SecretMissing):
        return "未解除告警：未知（PostgreSQL 没有回答）"
    return f"未解除告警：{standing}" + ("（minsheng alerts）" if standing else "")


def _table(found: list[PartStatus]) -> Table:
    table = Table("组件", "", "状态", f"自 ({ZONE_NAME})", "内存 MiB", "说明", box=None, pad_edge=False)
    for part in found:
        table.add_row(
            part.name,
            part.title,
            f"[{COLOURS.get(part.state, 'red')}]{TITLES[part.state]}",
            f"{part.since:%m-%d %H:%M:%S}" if part.since else "",
            f"{part.memory_bytes / 1024**2:.0f}" if part.memory_bytes else "",
            Text(part.says),
        )
    total = sum(part.memory_bytes or 0 for part in found)
    table.add_row("", "", "", "合计", f"{total / 1024**2:.0f}", "")
    return table


@app.command()
@failures()
def logs(
    part: Annotated[str, typer.Argument(help="a part; all of them by default")] = "",
    follow: Annotated[bool, typer.Option("--follow", "-f", help="go on as lines come")] = False,
    lines: Annotated[int, typer.Option("--lines", "-n", min=1, help="how many lines of each")] = 20,
    as_json: AsJson = False,
) -> None:
    """Show the last lines of a part's log, or of all. --json and --follow exclude each other."""
    if as_json and follow:
        fail("--json and --follow exclude each other: JSON ends, following does not.", exits.USAGE)
    settings = Settings()
    parts = all_parts(settings)
    names = [part] if part and chosen(parts, [part]) else [one.name for one in parts]
    files = [log_of(settings, name) for name in names]
    if as_json:
        print_json(
            [
                {"part": name, "file": str(file), "lines": last_lines(file, lines)}
                for name, file in zip(names, files, strict=True)
            ]
        )
        return
    if follow:
        present = [str(file) for file in files if file.exists()]
        raise typer.Exit(subprocess.run(["tail", "-n", str(lines), "-F", *present], check=False).returncode)
    for file in files:
        if len(files) > 1:
            typer.secho(f"==> {file}", bold=True)
        typer.echo("\n".join(last_lines(file, lines)))
