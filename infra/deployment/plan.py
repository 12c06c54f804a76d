"""What a deployment does, or would do, as values: what is created, changed and left untouched."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Any, Literal, NamedTuple

from streams.topics import TopicChange

Action = Literal["create", "change", "keep"]


@dataclass(frozen=True)
class ContractChange:
    """What becomes of one contract. `version` and `deployed_version` are equal where it is kept."""

    source: str
    title: str
    action: Action
    version: str
    deployed_version: str | None


@dataclass(frozen=True)
class TableChange:
    """What becomes of one table or view. `change`: the statements that make it are others now."""

    relation: str
    action: Action


@dataclass(frozen=True)
class SuiteChange:
    """What becomes of the expectations about a source's events and days; they are derived when asked."""

    source: str
    action: Action
    detail: str


@dataclass(frozen=True)
class DashboardsChange:
    """What becomes of Superset's objects: paths of the bundle by what happens to them.

    `restore`: somebody edited or deleted it in Superset. `skipped`: why Superset is left alone, if it is.
    """

    create: tuple[str, ...] = ()
    change: tuple[str, ...] = ()
    restore: tuple[str, ...] = ()
    remove: tuple[str, ...] = ()
    unchanged: int = 0
    skipped: str | None = None

    @property
    def changes(self) -> bool:
        return bool(self.create or self.change or self.restore or self.remove)


class Line(NamedTuple):
    """One line of a plan for a person."""

    action: str
    kind: str
    name: str
    detail: str


@dataclass(frozen=True)
class Plan:
    """What a deployment does, or would do."""

    contracts: tuple[ContractChange, ...]
    topics: tuple[TopicChange, ...] = ()
    tables: tuple[TableChange, ...] = ()
    suites: tuple[SuiteChange, ...] = ()
    dashboards: DashboardsChange = DashboardsChange()

    @property
    def changes(self) -> bool:
        """Whether anything is to be done at all."""
        actions = (
            *(item.action for item in self.contracts),
            *(item.action for item in self.topics),
            *(item.action for item in self.tables),
            *(item.action for item in self.suites),
        )
        return self.dashboards.changes or any(action != "keep" for action in actions)

    def lines(self) -> Iterator[Line]:
        """The plan, line by line; dashboards by their pages, whatever charts they have."""
        for contract in self.contracts:
            was = f" (was {contract.deployed_version})" if contract.action == "change" else ""
            detail = f"{contract.version}{was} {contract.title}"
            yield Line(contract.action, "contract", contract.source, detail)
        for topic in self.topics:
            yield Line(topic.action, "topic", topic.topic, topic.detail)
        for table in self.tables:
            yield Line(table.action, "table", table.relation, "")
        for suite in self.suites:
            yield Line(suite.action, "suite", suite.source, suite.detail)
        yield from _dashboard_lines(self.dashboards)

    def as_json(self) -> dict[str, Any]:
        """For --json."""
        return {**asdict(self), "changes": self.changes}


def _dashboard_lines(dashboards: DashboardsChange) -> Iterator[Line]:
    if dashboards.skipped is not None:
        yield Line("skip", "dashboards", "Superset", dashboards.skipped)
        return
    others = 0
    for action in ("create", "change", "restore", "remove"):
        for path in getattr(dashboards, action):
            if path.startswith("dashboards/"):
                slug = path.removeprefix("dashboards/").removesuffix(".yaml")
                yield Line(action, "dashboard", slug, "")
            else:
                others += 1
    if others:
        yield Line("change", "dashboards", "charts and data sets", f"{others} of them")
    if dashboards.unchanged:
        yield Line("keep", "dashboards", "all the rest", f"{dashboards.unchanged} objects")
