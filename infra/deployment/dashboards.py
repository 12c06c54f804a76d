"""The dashboards as a step of a deployment."""

from __future__ import annotations

from typing import Protocol

from infra.deployment.plan import DashboardsChange
from infra.superset.errors import SupersetMissing
from infra.superset.sync import bring
from streams.registry import Known
from streams.settings import Settings


class Dashboards(Protocol):
    """Whatever shows the sources."""

    def plan(self, known: Known) -> DashboardsChange:
        """What `bring` would do."""

    def bring(self, known: Known) -> DashboardsChange:
        """Show exactly these sources; what was done."""


class SupersetDashboards:
    """Superset, where there is one: a part that was never started here is no reason not to deploy."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings

    def plan(self, known: Known) -> DashboardsChange:
        """Raises SupersetFailed, psycopg.Error."""
        return self._sync(known, dry_run=True)

    def bring(self, known: Known) -> DashboardsChange:
        """Raises SupersetFailed, psycopg.Error."""
        return self._sync(known, dry_run=False)

    def _sync(self, known: Known, *, dry_run: bool) -> DashboardsChange:
        try:
            plan = bring(self._settings, known, dry_run=dry_run)
        except SupersetMissing as error:
            return DashboardsChange(skipped=str(error))
        return DashboardsChange(plan.create, plan.change, plan.restore, plan.remove, plan.unchanged)
