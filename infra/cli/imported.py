"""Groups of commands that are imported when they are asked for.

All of them together take two seconds of a processor, which every task of Airflow would pay.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, MutableMapping
from importlib import import_module
from typing import Any

import typer
from typer.core import TyperGroup
from typer.main import get_command, get_group


class Imported(MutableMapping[str, Any]):
    """Name -> command; `places`: name -> `module:attribute`, a Typer application or a function."""

    def __init__(self, places: Mapping[str, str]) -> None:
        self._places = dict(places)
        self._found: dict[str, Any] = {}

    def __getitem__(self, name: str) -> Any:
        if name not in self._found:
            module, _, attribute = self._places[name].partition(":")
            self._found[name] = _command(name, getattr(import_module(module), attribute))
        return self._found[name]

    def __setitem__(self, name: str, command: Any) -> None:
        self._places[name], self._found[name] = "", command

    def __delitem__(self, name: str) -> None:
        del self._places[name]
        self._found.pop(name, None)

    def __iter__(self) -> Iterator[str]:
        return iter(self._places)

    def __len__(self) -> int:
        return len(self._places)

    def __contains__(self, name: object) -> bool:
        return name in self._places


def group_of(places: Mapping[str, str]) -> type[TyperGroup]:
    """The class of a Typer application whose commands are imported one by one."""

    class Commands(TyperGroup):
        def __init__(self, **attributes: Any) -> None:
            super().__init__(**attributes)
            self.commands = Imported(places)

        def list_commands(self, ctx: Any) -> list[str]:
            del ctx
            return list(self.commands)

    return Commands


def _command(name: str, found: Any) -> Any:
    if isinstance(found, typer.Typer):
        command: Any = get_group(found)
    else:
        alone = typer.Typer(add_completion=False)
        alone.command(name)(found)
        command = get_command(alone)
    command.name = name
    return command
