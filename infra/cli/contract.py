"""`minsheng contract`: look at contract files, compare them with what is deployed, deploy them."""

from __future__ import annotations

import typer

from infra.cli.imported import group_of

COMMANDS = {
    "new": "contract_new:new",
    "check": "contract_check:check",
    "try": "contract_try:try_contract",
    "list": "contract_list:list_contracts",
    "show": "contract_show:show",
    "deploy": "contract_deploy:deploy",
    "retire": "contract_deploy:retire",
    "history": "contract_deploy:history",
    "diff": "contract_deploy:diff",
    "back": "contract_deploy:back",
    "export": "contract_export:export",
    "docs": "contract_docs:docs",
}
"""Name -> where it is in this package."""

app = typer.Typer(
    cls=group_of({name: f"infra.cli.{place}" for name, place in COMMANDS.items()}),
    no_args_is_help=True,
    help="Contracts: what a source's events are and what is derived from them.",
)


@app.callback()
def contract() -> None:
    """Contracts: what a source's events are and what is derived from them."""
