"""`minsheng contract docs`: the documentation as a site of plain files."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from infra.cli import exits
from infra.cli.contract_export import kafka
from infra.cli.contract_files import Deployed
from infra.cli.failures import failures
from infra.cli.output import AsJson, err, fail, out, print_json
from streams.contract.loader import load_contracts
from streams.registry import deployed as deployed_now
from streams.settings import REPOSITORY, Settings


@failures()
def docs(
    folder: Annotated[
        Path, typer.Option("-o", "--output", help="Folder to write to; a site in it is written anew.")
    ] = Path("build/docs"),
    deployed: Deployed = False,
    as_json: AsJson = False,
) -> None:
    """Write a page for each source (fields, rules, metrics, examples, a picture from field to chart) and the
    pages of docs/ as HTML.

    Plain files that load nothing: open index.html in a browser, or give the folder to any web server.
    """
    # Templates and dashboards take a second to import: not for the other commands.
    from infra.site.build import ForeignFolder, Site, build  # noqa: PLC0415

    settings = Settings()
    contracts = deployed_now(settings).contracts if deployed else load_contracts(settings.contracts_dir)
    gateway = settings.gateway_url
    site = Site(contracts, REPOSITORY / "docs", kafka(settings), gateway)
    try:
        with err.status("writing the site ..."):
            pages = build(site, folder)
    except ForeignFolder as error:
        fail(str(error), exits.USAGE)
    except OSError as error:
        fail(f"{folder} cannot be written: {error.strerror}. Choose another folder.", exits.FAILURE)
    if as_json:
        print_json([str(page) for page in pages])
    else:
        out.print(f"{len(pages)} pages; begin at {folder / 'index.html'}", soft_wrap=True)
