"""A source that a command line names has to be one: a typo is no empty answer."""

from __future__ import annotations

from collections.abc import Iterable

from infra.cli import exits
from infra.cli.output import fail
from streams.registry import ever_deployed
from streams.settings import Settings


def refuse_unknown(source: str, known: Iterable[str]) -> None:
    """End the command where `source` is not among `known`: those ever deployed."""
    known = list(known)
    if source not in known:
        there = ", ".join(known) or "none; `minsheng contract deploy`"
        fail(f"{source}: no such contract is or was deployed. There are: {there}.", exits.USAGE)


def refuse_never_deployed(settings: Settings, source: str | None) -> None:
    """The same for an answer that is empty, of the source that was asked for, if one was."""
    if source is not None:
        refuse_unknown(source, ever_deployed(settings))
