"""`minsheng gateway key`: who may send events over HTTP."""

from __future__ import annotations

from typing import Annotated

import typer
from rich.table import Table

from infra.cli import exits
from infra.cli.failures import failures
from infra.cli.output import AsJson, err, fail, out, print_json
from streams.gateway.keys import ALL_SOURCES, FILE_NAME, add_key, read_keys, revoke_key
from streams.settings import Settings

app = typer.Typer(no_args_is_help=True, help="The HTTP gateway and its API keys.")
key = typer.Typer(no_args_is_help=True, help="API keys: who may send, and events of which sources.")
app.add_typer(key, name="key")
Name = Annotated[str, typer.Argument(help="The sender, as the access log will show it: minzheng-canteen.")]


@key.command()
@failures()
def add(
    name: Name,
    source: Annotated[
        list[str],
        typer.Option("--source", help="A source that this key may send; repeat it. '*' is every one."),
    ],
) -> None:
    """Make a key for a sender and print it, once: only its hash is kept.

    A running gateway takes it within a second. Exit code 2 if the name is taken.
    """
    try:
        presented = add_key(Settings().secrets_dir / FILE_NAME, name, source)
    except ValueError as error:
        fail(str(error), exits.USAGE)
    typer.echo(presented)
    sources = "every source" if ALL_SOURCES in source else ", ".join(source)
    err.print(f"{name} may send {sources}. Give the key to the sender; it cannot be shown again.")


@key.command("list")
@failures()
def show(as_json: AsJson = False) -> None:
    """Show the senders that have a key; never the keys."""
    keys = read_keys(Settings().secrets_dir / FILE_NAME)
    if as_json:
        print_json([{"name": k.name, "sources": list(k.sources), "created_at": k.created_at} for k in keys])
        return
    table = Table("name", "sources", "since", box=None)
    for known in keys:
        table.add_row(known.name, ", ".join(known.sources), known.created_at)
    out.print(table)


@key.command()
@failures()
def revoke(name: Name) -> None:
    """Take a key back; a running gateway refuses it within a second. Exit code 2 for an unknown name."""
    try:
        revoke_key(Settings().secrets_dir / FILE_NAME, name)
    except ValueError as error:
        fail(str(error), exits.USAGE)
    err.print(f"{name} can send no more.")
