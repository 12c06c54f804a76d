"""minsheng (民生): the command line of the platform. Each group of commands is a file of this folder."""

from __future__ import annotations

import os

import typer

from infra.cli import (
    alerts,
    backfill,
    conflicts,
    contract,
    dashboards,
    day,
    demo,
    doctor,
    exits,
    gateway,
    importing,
    lake,
    ledger,
    quarantine,
    reconcile,
    rollup,
    simulate,
    stack,
    topics,
    validate,
)
from infra.install.java import find_java, with_java

app = typer.Typer(
    name="minsheng",
    no_args_is_help=True,
    help="民生：城市公共服务实时事件平台 (live event platform).",
    epilog=exits.EPILOG,
)


@app.callback()
def choose_java() -> None:
    """Have whatever this command starts take Java 17, even where another Java comes first on PATH."""
    java = find_java(os.environ)
    if java is not None:
        os.environ.update(with_java(os.environ, java))


app.command()(demo.demo)
app.add_typer(stack.app)
app.command()(ledger.ledger)
app.command()(day.day)
app.command()(alerts.alerts)
app.command()(doctor.doctor)
app.add_typer(contract.app, name="contract")
app.add_typer(dashboards.app, name="dashboards")
app.add_typer(topics.app, name="topics")
app.add_typer(gateway.app, name="gateway")
app.command("import")(importing.import_file)
app.add_typer(quarantine.app, name="quarantine")
app.add_typer(conflicts.app, name="conflicts")
app.add_typer(simulate.app, name="simulate")
backfill.register(rollup.app)
app.add_typer(rollup.app, name="rollup")
app.add_typer(reconcile.app, name="reconcile")
app.add_typer(validate.app, name="validate")
app.add_typer(lake.app, name="lake")
