"""How commands speak: answers on standard output, everything else on standard error."""

from __future__ import annotations

import json
import sys
from typing import Annotated, Any, NoReturn

import typer
from rich.console import Console

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON for programs.")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Say what would be done, and do nothing.")]

PRINTED_WIDTH = 160
out, err = Console(highlight=False), Console(stderr=True, highlight=False)


def wide(width: int = PRINTED_WIDTH, *, highlight: bool = False) -> Console:
    """As wide as the terminal, or wide enough for a file or a pipe: there no number is cut."""
    return Console(width=None if sys.stdout.isatty() else width, highlight=highlight)


def print_json(value: Any) -> None:
    """The answer to a program, on standard output."""
    typer.echo(json.dumps(value, ensure_ascii=False, indent=2))


def fail(message: str, code: int) -> NoReturn:
    """Say what is wrong on standard error, and end the command with one of `infra.cli.exits`."""
    err.print(message, markup=False, style="red", soft_wrap=True)
    raise typer.Exit(code)
