"""`minsheng gateway key`: who may send events over HTTP."""

from __future__ import annotations

import json
from typing import Annotated, NoReturn

import typer
from rich.console import Console
from rich.table import Table

from streams.errors import KeysUnreadable
from streams.gateway.keys import ALL_SOURCES, FILE_NAME, add_key, read_keys, revoke_key
from streams.settings import Settings

app = typer.Typer(no_args_is_help=True, help="The HTTP gateway and its API keys.")
key = typer.Typer(no_args_is_help=True, help="API keys: who may send, and events of which sources.")
app.add_typer(key, name="key")
WRONG = 1
_out, _err = Console(highlight=False), Console(stderr=True, highlight=False)
Name = Annotated[str, typer.Argument(help="The sender, as the access log will show it: minzheng-canteen.")]


@key.command()
def add(
    name: Name,
    source: Annotated[
        list[str],
        typer.Option("--source", help="A source that this key may send; repeat it. '*' is every one."),
    ],
) -> None:
    """Make a key for a sender and print it, once: only its hash is kept.

    A running gateway takes it within a second. Exit code 1 if the name is taken.
    """
    try:
        presented = add_key(Settings().secrets_dir / FILE_NAME, name, source)
    except (ValueError, KeysUnreadable) as error:
        _fail(str(error))
    typer.echo(presented)
    sources = "every source" if ALL_SOURCES in source else ", ".join(source)
    _err.print(f"{name} may send {sources}. Give the key to the sender; it cannot be shown again.")


@key.command("list")
def show(as_json: Annotated[bool, typer.Option("--json", help="Print JSON for programs.")] = False) -> None:
    """Show the senders that have a key; never the keys."""
    try:
        keys = read_keys(Settings().secrets_dir / FILE_NAME)
    except KeysUnreadable as error:
        _fail(str(error))
    if as_json:
        rows = [{"name": k.name, "sources": list(k.sources), "created_at": k.created_at} for k in keys]
        typer.echo(json.dumps(rows, ensure_ascii=False))
        return
    table = Table("name", "sources", "since", box=None)
    for known in keys:
        table.add_row(known.name, ", ".join(known.sources), known.created_at)
    _out.print(table)


@key.command()
def revoke(name: Name) -> None:
    """Take a key back; a running gateway refuses it within a second. Exit code 1 for an unknown name."""
    try:
        revoke_key(Settings().secrets_dir / FILE_NAME, name)
    except (ValueError, KeysUnreadable) as error:
        _fail(str(error))
    _err.print(f"{name} can send no more.")


def _fail(text: str) -> NoReturn:
    _err.print(text, style="red", markup=False)
    raise typer.Exit(WRONG)
