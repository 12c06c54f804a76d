"""`minsheng contract deploy|retire|history|diff|back`: what is in service, what was, and how to change it."""

from __future__ import annotations

from collections import Counter
from dataclasses import asdict
from typing import Annotated, Any

import psycopg
import typer
from rich.markup import escape
from rich.table import Table

from infra import deploy as deployment
from infra.cli import exits
from infra.cli.contract_files import Sources, chosen, one
from infra.cli.failures import failures
from infra.cli.output import AsJson, DryRun, err, fail, out, print_json
from infra.deployment import history as past
from infra.deployment.dashboards import Dashboards, SupersetDashboards
from infra.deployment.plan import Plan
from infra.deployment.stored import stored
from streams.contract.differences import Difference, differences
from streams.contract.evolution import breaches
from streams.contract.loader import parse_contract
from streams.contract.model import Contract
from streams.registry import TABLE
from streams.settings import Settings
from streams.zone import ZONE

Source = Annotated[str, typer.Argument(help="A source, as in `minsheng contract list`.")]
NoDashboards = Annotated[
    bool,
    typer.Option("--no-dashboards", help="Leave Superset alone; `minsheng dashboards sync` does it later."),
]
COLORS = {"create": "green", "change": "yellow", "alter": "yellow", "restore": "yellow", "remove": "red"}


@failures()
def deploy(
    sources: Sources = None,
    no_dashboards: NoDashboards = False,
    dry_run: DryRun = False,
    as_json: AsJson = False,
) -> None:
    """Make topics, tables and dashboards, and put the contracts into service. A second call changes nothing.

    What would break those who read or send events is refused, with the line and the way out. When a step
    fails, everything is as it was before. Running queries and other sources go on meanwhile. Exit code 75
    when PostgreSQL or Kafka is away.
    """
    settings = Settings()
    contracts = chosen(settings, sources)
    with err.status(f"deploying {len(contracts)} contracts ..."):
        plan = deployment.deploy(
            settings, contracts, dry_run=dry_run, dashboards=_dashboards(settings, no_dashboards)
        )
    _show(plan, dry_run=dry_run, as_json=as_json)


@failures()
def retire(
    source: Source,
    no_dashboards: NoDashboards = False,
    dry_run: DryRun = False,
    as_json: AsJson = False,
) -> None:
    """Take a source out of service. Its topic, tables, numbers and history stay; `deploy` brings it back.

    From then on the gateway and imports refuse its events, the live query quarantines what still comes, and
    the dashboards show its published days as 已停用. Days that were not rolled up yet still are.
    """
    settings = Settings()
    change = deployment.retire(
        settings, source, dry_run=dry_run, dashboards=_dashboards(settings, no_dashboards)
    )
    if as_json:
        print_json({"source": source, "dashboards": asdict(change), "dry_run": dry_run})
        return
    out.print(f"would retire {source}" if dry_run else f"retired {source}")
    _show_lines(Plan((), dashboards=change))


@failures()
def history(
    source: Source,
    text: Annotated[
        str | None, typer.Option("--text", metavar="VERSION", help="Print the contract of that version.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Show what was done to a source: when, by whom, which version, and what it changed."""
    settings = Settings()
    if text is not None:
        typer.echo(past.of_version(settings, source, text).text, nl=False)
        return
    events = past.told(settings, source)
    if as_json:
        print_json([_event(event) for event in events])
        return
    table = Table("when", "by", "what", "version", "changes", "events judged by another", box=None)
    for event in events:
        entry = event.entry
        when = entry.at.astimezone(ZONE).strftime("%Y-%m-%d %H:%M:%S")
        said = "cannot be compared" if event.changes is None else "\n".join(_short(c) for c in event.changes)
        elsewhere = f"{event.elsewhere:,}" if event.elsewhere else "-"
        table.add_row(when, escape(entry.by), entry.action, entry.version, escape(said) or "-", elsewhere)
    out.print(table)


@failures()
def diff(
    source: Source,
    version: Annotated[
        str | None,
        typer.Option("--from", metavar="VERSION", help="Compare with that version, not the deployed."),
    ] = None,
    to: Annotated[
        str | None, typer.Option("--to", metavar="VERSION", help="Compare that version, not the file.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Compare the contract's file with what is deployed (or two versions), and say whether it may replace it.

    Exit code 3 where `deploy` would refuse it.
    """
    settings = Settings()
    old = _version(settings, source, version) if version else _deployed(settings, source)
    new = _version(settings, source, to) if to else one(settings, source, as_deployed=False)
    found, against = differences(old, new), list(breaches(old, new))
    if as_json:
        print_json(
            {
                "from": old.version,
                "to": new.version,
                "differences": [asdict(each) for each in found],
                "refused": [{"what": what, "expected": expected} for _, what, expected in against],
            }
        )
    else:
        out.print(f"{source}: {old.version} -> {new.version}")
        for each in found:
            out.print(f"  {each}", markup=False, soft_wrap=True)
        for _, what, expected in against:
            err.print(f"  refused: {what}; it must be {expected}", markup=False, style="red", soft_wrap=True)
        out.print("the same" if not found else "may not replace it" if against else "may replace it")
    if against:
        raise typer.Exit(exits.NO)


@failures()
def back(
    source: Source,
    to: Annotated[
        str | None,
        typer.Option("--to", metavar="VERSION", help="The version to go back to; the one before by default."),
    ] = None,
    no_dashboards: NoDashboards = False,
    dry_run: DryRun = False,
    as_json: AsJson = False,
) -> None:
    """Put an earlier version of a contract into service again. The file is not touched.

    Judged like a deployment: what was taken in under the newer version must stay readable. What cannot go
    back is said part by part.
    """
    settings = Settings()
    with err.status(f"taking {source} back ..."):
        plan = past.back(
            settings, source, to, dry_run=dry_run, dashboards=_dashboards(settings, no_dashboards)
        )
    _show(plan, dry_run=dry_run, as_json=as_json)
    if not as_json:
        file = settings.contracts_dir / f"{source}.yaml"
        out.print(
            f"{file} still says what it said, and the next `minsheng contract deploy` deploys it;"
            f" `minsheng contract history {source} --text {plan.contracts[0].version}` prints this version.",
            soft_wrap=True,
        )


def _dashboards(settings: Settings, without: bool) -> Dashboards | None:
    return None if without else SupersetDashboards(settings)


def _show(plan: Plan, *, dry_run: bool, as_json: bool) -> None:
    if as_json:
        print_json({**plan.as_json(), "dry_run": dry_run})
        return
    _show_lines(plan)
    if dry_run:
        out.print("Nothing was changed (--dry-run).")
    elif not plan.changes:
        out.print("Nothing to change.")


def _show_lines(plan: Plan) -> None:
    """What changes, line by line; what does not, kind by kind, unless it is a note."""
    table = Table("", "", "name", "", box=None, show_header=False)
    kept = Counter[str]()
    for action, kind, name, detail in plan.lines():
        if action == "keep" and not (kind == "topic" and detail):
            kept[kind] += 1
        else:
            table.add_row(action, kind, escape(name), escape(detail), style=COLORS.get(action))
    if plan.dashboards.unchanged:
        kept["dashboards"] = plan.dashboards.unchanged
    for kind, count in kept.items():
        table.add_row("keep", kind, f"{count} untouched", "")
    out.print(table)


def _event(event: past.Event) -> dict[str, Any]:
    entry = event.entry
    return {
        "at": entry.at.isoformat(),
        "by": entry.by,
        "action": entry.action,
        "version": entry.version,
        "events_judged_by_another": event.elsewhere,
        "changes": None if event.changes is None else [asdict(change) for change in event.changes],
    }


def _short(change: Difference, longest: int = 100) -> str:
    text = str(change)
    return text if len(text) <= longest else f"{text[: longest - 1]}…"


def _version(settings: Settings, source: str, version: str) -> Contract:
    entry = past.of_version(settings, source, version)
    return parse_contract(entry.text, f"{source}@{entry.version}")


def _deployed(settings: Settings, source: str) -> Contract:
    with psycopg.connect(settings.postgres_dsn) as connection:
        row = stored(connection).get(source)
    if row is None:
        fail(f"The source '{source}' was never deployed here: nothing to compare with.", exits.USAGE)
    return parse_contract(row.text, f"{TABLE}[{source}]")
