"""`minsheng doctor`: what is wrong with this machine and installation, and what to do."""

from __future__ import annotations

import os

import typer
from rich.console import Console

from infra.cli import exits
from infra.cli.output import AsJson, print_json
from infra.install.machine import this_machine
from infra.local.checks.every import examine
from infra.local.checks.finding import Place
from infra.local.parts import all_parts
from streams.settings import Settings

MARKS = {"fine": ("✓", "green"), "warning": ("!", "yellow"), "wrong": ("✗", "red")}


def doctor(as_json: AsJson = False) -> None:
    """Look at machine, installation and what runs; say what is wrong and what to do about each.

    Changes nothing. Exit code 0 when nothing is wrong (warnings may be), 3 otherwise.
    """
    settings = Settings()
    place = Place(settings, this_machine(settings.home), os.environ, all_parts(settings))
    console = Console(soft_wrap=True, highlight=False)
    found = []
    for name, finding in examine(place):
        found.append({"check": name, **finding.as_json()})
        if not as_json:
            mark, colour = MARKS[finding.level]
            console.print(f"[{colour}]{mark}[/] {name:<16} ", end="")
            console.print(finding.says, markup=False)
            if finding.remedy:
                console.print(f"  {'':<16} what to do: {finding.remedy}", markup=False)
    if as_json:
        print_json(found)
    raise typer.Exit(exits.NO if any(entry["level"] == "wrong" for entry in found) else exits.OK)
