"""What help texts call the type of a parameter: nothing for a switch, and a day as people write it.

Typer 0.29 writes `--json <bool>` (rich_utils._print_options_panel), as if a value were asked for, and
`<%Y-%m-%d>`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from typer.core import TyperArgument, TyperOption

DAY = "%Y-%m-%d"


def apply() -> None:
    """Have Typer's help say so, of every command of this process."""
    for kind in (TyperArgument, TyperOption):
        kind.display_type_rich = _told(kind.display_type_rich)  # type: ignore[method-assign] # no setting for it


def _told(display: Callable[..., str | None]) -> Any:
    def told(parameter: Any, ctx: Any) -> str | None:
        if getattr(parameter, "is_flag", False):
            return None
        shown = display(parameter, ctx)
        return shown.replace(DAY, "YYYY-MM-DD") if shown else shown

    return told
