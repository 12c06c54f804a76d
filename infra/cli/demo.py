"""`minsheng demo`: a day of the city, from event to dashboard."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

import psycopg
import typer

from infra.cli import exits
from infra.cli.failures import failures
from infra.cli.ledger import ledger_table, titles
from infra.cli.output import err, out, wide
from infra.ledger import read_ledger
from infra.local.demo import Demo, demo_day
from streams.settings import Settings


def demo(
    speed: Annotated[
        float, typer.Option(min=1, help="simulated seconds a second: 480, a day in 3 min")
    ] = 480,
    day: Annotated[
        datetime | None,
        typer.Option(formats=["%Y-%m-%d"], help="a day that is over"),
    ] = None,
) -> None:
    """Start everything, play a simulated day through the whole way, publish it, let the city live on.

    Every step looks first whether it is done: a second call is quick and changes nothing that runs; after
    Ctrl-C or a crash the same call goes on.
    """
    settings = Settings()
    try:
        with failures():
            Demo(settings, out, speed, day.date() if day else demo_day(settings)).run()
            _farewell(settings)
    except KeyboardInterrupt:
        err.print("\ninterrupted: what has started keeps running; `make demo` goes on, `make down` ends it")
        raise typer.Exit(exits.INTERRUPTED) from None
    except typer.Exit:
        err.print("`make demo` goes on from here; `make doctor` looks for what is wrong.")
        raise


def _farewell(settings: Settings) -> None:
    """Addresses, logins and the ledger."""
    with psycopg.connect(settings.postgres_dsn) as connection:
        entries = read_ledger(connection, settings.topic_prefix)
    out.print("\n[bold]对账[/bold]")
    wide().print(ledger_table(entries, titles(settings)))
    out.print("\n[bold]The city is live.[/bold]")
    for what, where, how in addresses(settings):
        out.print(f"  {what}  {where}\n      {how}", soft_wrap=True)
    out.print("\n`make status` shows every part, `make down` stops them; data stay.")


def addresses(settings: Settings) -> list[tuple[str, str, str]]:
    """What, where, and how to log in."""
    secrets = settings.secrets_dir
    return [
        (
            "看板 dashboards",
            f"http://127.0.0.1:{settings.superset_port}/superset/dashboard/today/",
            f"user operator, password in {secrets / 'superset_operator'} (admin: superset_admin)",
        ),
        (
            "调度 Airflow",
            f"http://127.0.0.1:{settings.airflow_port}/",
            f"user admin, password in {secrets / 'airflow_admin'}",
        ),
        ("运行状态 status", f"http://127.0.0.1:{settings.status_port}/", "Data Docs there too"),
        (
            "接入网关 gateway",
            f"{settings.gateway_url}/docs",
            f"API key in {secrets / 'gateway_api_key'}",
        ),
    ]
