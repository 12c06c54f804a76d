"""`minsheng validate`: have Great Expectations answer about the last minutes, or about a day."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated

import typer

from infra.cli import exits, rollup
from infra.cli.failures import failures
from infra.cli.output import AsJson, out, print_json
from streams.settings import Settings

app = typer.Typer(
    no_args_is_help=True,
    help="Ask Great Expectations; answers go to ops.validation and Data Docs. Exit code 3: a rule failed.",
)


@app.command()
@failures()
def live(
    hours: Annotated[float, typer.Option(min=0.1, help="How far back to look.")] = 3.0,
    source: rollup.Sources = None,
    as_json: AsJson = False,
) -> None:
    """Judge the live minutes of the last hours. Airflow does this every few minutes."""
    # Great Expectations takes seconds to import: only here.
    from expectations import logs  # noqa: PLC0415
    from expectations.live import validate  # noqa: PLC0415

    logs.to_stderr()
    found = list(validate(Settings(), hours, datetime.now(UTC), tuple(source or ())))
    if as_json:
        print_json({name: [answer.as_json() for answer in answers] for name, answers in found})
    else:
        for name, answers in found:
            failed = [answer for answer in answers if not answer.success]
            out.print(f"{name}: {len(answers)} rules, {len(failed)} failed")
            for answer in failed:
                out.print(f"    {answer.title}：{answer.message}", markup=False)
    if any(answer.blocks for _, answers in found for answer in answers):
        raise typer.Exit(exits.NO)


@app.command()
def day(
    event_day: Annotated[
        datetime, typer.Option("--day", formats=["%Y-%m-%d"], help="Event day, YYYY-MM-DD.")
    ],
    source: rollup.Sources = None,
    as_json: AsJson = False,
) -> None:
    """Build a day and ask everything that the gate asks, but publish nothing."""
    rollup.run(event_day, source, dry_run=True, as_json=as_json)
