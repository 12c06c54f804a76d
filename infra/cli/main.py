"""minsheng (民生): the command line of the platform. Each group of commands is a file of this folder."""

from __future__ import annotations

import os

import typer

from infra.cli import exits, help_types
from infra.cli.imported import group_of
from infra.install.java import find_java, with_java

COMMANDS = {
    "demo": "demo:demo",
    "up": "stack:up",
    "down": "stack:down",
    "status": "stack:status",
    "logs": "stack:logs",
    "ledger": "ledger:ledger",
    "day": "day:day",
    "alerts": "alerts:alerts",
    "doctor": "doctor:doctor",
    "contract": "contract:app",
    "dashboards": "dashboards:app",
    "topics": "topics:app",
    "gateway": "gateway:app",
    "certificates": "certificates:app",
    "import": "importing:import_file",
    "quarantine": "quarantine:app",
    "conflicts": "conflicts:app",
    "simulate": "simulate:app",
    "rollup": "rollup_group:app",
    "reconcile": "reconcile:app",
    "validate": "validate:app",
    "lake": "lake:app",
    "backup": "backup:backup",
    "restore": "backup:restore",
}
"""Name -> where it is in this package: a function, or the application of a group."""

app = typer.Typer(
    name="minsheng",
    cls=group_of({name: f"infra.cli.{place}" for name, place in COMMANDS.items()}),
    no_args_is_help=True,
    help="民生：城市公共服务实时事件平台 (live event platform).",
    epilog=exits.EPILOG,
)
help_types.apply()


@app.callback()
def choose_java() -> None:
    """Have whatever this command starts take Java 17, even where another Java comes first on PATH."""
    java = find_java(os.environ)
    if java is not None:
        os.environ.update(with_java(os.environ, java))
