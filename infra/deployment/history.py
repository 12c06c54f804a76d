"""A source's history: what was deployed, by whom, what changed each time; and the way back."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import psycopg

from infra.deploy import deploy
from infra.deployment.dashboards import Dashboards
from infra.deployment.plan import Plan
from infra.deployment.stored import Entry, history, stored
from infra.errors import NoSuchVersion, NotDeployed
from streams.contract import strict_yaml
from streams.contract.differences import Difference, differences
from streams.contract.errors import ContractError, EvolutionError, Problem
from streams.contract.evolution import breaches
from streams.contract.loader import parse_contract
from streams.contract.model import Contract
from streams.registry import TABLE
from streams.settings import Settings


@dataclass(frozen=True)
class Event:
    """A line of a history and what it changed; None: one of the two texts cannot be read any more.

    elsewhere: events that say they were made under this version, judged by another; told at its newest line.
    """

    entry: Entry
    changes: tuple[Difference, ...] | None
    elsewhere: int = 0


def told(settings: Settings, source: str) -> list[Event]:
    """A source's history, oldest first. Raises NotDeployed where it has none."""
    with psycopg.connect(settings.postgres_dsn) as connection:
        entries = history(connection, source)
        strays: dict[str, int] = dict(connection.execute(_STRAYS, (source,)).fetchall())
    if not entries:
        raise NotDeployed(
            f"The source '{source}' was never deployed here. `minsheng contract list` shows the sources."
        )
    newest = {entry.version: entry for entry in entries}
    before: Contract | None = None
    events: list[Event] = []
    for entry in entries:
        contract = readable(entry)
        changes: tuple[Difference, ...] | None = ()
        if events and entry.action != "retire":
            changes = tuple(differences(before, contract)) if before and contract else None
        elsewhere = strays.get(entry.version, 0) if newest[entry.version] is entry else 0
        events.append(Event(entry, changes, elsewhere))
        before = contract
    return events


_STRAYS = "select version, sum(events)::bigint from ops.made_under where source = %s group by version"


def readable(entry: Entry) -> Contract | None:
    """The contract of a line of history; None where this version of the platform cannot read it."""
    try:
        return parse_contract(entry.text, f"{entry.source}@{entry.version}")
    except ContractError:
        return None


def of_version(settings: Settings, source: str, version: str | None = None) -> Entry:
    """The newest line of history of that version (or of what begins so); without one, the version before
    the one that is deployed. Raises NotDeployed, NoSuchVersion."""
    with psycopg.connect(settings.postgres_dsn) as connection:
        entries = history(connection, source)
        row = stored(connection).get(source)
    if not entries or row is None:
        raise NotDeployed(
            f"The source '{source}' was never deployed here. `minsheng contract list` shows the sources."
        )
    found = [entry for entry in reversed(entries) if _fits(entry, version, row.version)]
    if not found:
        versions = ", ".join(dict.fromkeys(entry.version for entry in reversed(entries)))
        asked = f"no version {version}" if version else "no version before the one that is deployed"
        raise NoSuchVersion(f"The history of '{source}' has {asked}; it has {versions}.")
    return found[0]


def _fits(entry: Entry, version: str | None, deployed: str) -> bool:
    if version is None:
        return entry.version != deployed and entry.action != "retire"
    return entry.version.startswith(version)


def what_cannot_go_back(deployed: Contract, earlier: Contract, text: str) -> Sequence[Problem]:
    """What speaks against putting `earlier` in the place of `deployed`, with the lines of its text.

    The same rules as forward: events that were right under the deployed contract must stay right, and
    numbers that are kept must keep their meaning.
    """
    name = f"{earlier.source}@{earlier.version}"
    document = strict_yaml.read(text, name)
    remedy = (
        "Data written since would not be readable: keep this part, and take the rest back in a new version"
        " (`minsheng contract diff`)."
    )
    return [
        Problem(
            name, document.line(path), f"cannot go back: {what}", f"{expected}, as it is deployed", remedy
        )
        for path, what, expected in breaches(deployed, earlier)
    ]


def back(
    settings: Settings,
    source: str,
    version: str | None = None,
    *,
    dry_run: bool = False,
    dashboards: Dashboards | None = None,
) -> Plan:
    """Put an earlier version of a source into service again, as a new line of its history.

    Raises NotDeployed, NoSuchVersion, ContractError where this platform cannot read it, EvolutionError with
    each part that cannot go back, and what `deploy` raises.
    """
    entry = of_version(settings, source, version)
    earlier = parse_contract(entry.text, f"{source}@{entry.version}")
    with psycopg.connect(settings.postgres_dsn) as connection:
        row = stored(connection)[source]
    deployed = parse_contract(row.text, f"{TABLE}[{source}]")
    problems = what_cannot_go_back(deployed, earlier, entry.text)
    if problems:
        raise EvolutionError(problems)
    return deploy(settings, [earlier], dry_run=dry_run, dashboards=dashboards, deed="back")
