"""The option that says where the headings of a file stand."""

from __future__ import annotations

from typing import Annotated

import typer

from streams.importer.mapping import MOST_ABOVE

HeaderRow = Annotated[
    int | None,
    typer.Option(
        min=1, max=MOST_ABOVE, help="Line of the headings. Default: the first that is no title above a table."
    ),
]
