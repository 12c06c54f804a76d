"""Deploying with the real Superset: pages follow the contracts; a failure leaves them as they were."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
import pytest

from infra.deploy import deploy, retire
from infra.deployment.dashboards import SupersetDashboards
from infra.errors import DeploymentFailed
from infra.superset.errors import SupersetFailed
from infra.superset.metadata import connect
from infra.superset.sync import bring
from streams.contract.loader import parse_contract
from streams.contract.model import Contract
from streams.registry import everything
from streams.settings import Settings
from tests.infra.deployment.test_failures import no_commit
from tests.infra.superset.test_superset import titles
from tests.streams.contract.seeded import SOUND
from tests.superset_visitors import Person

pytestmark = pytest.mark.servers
KIOSK = parse_contract(SOUND, "kiosk_sale.yaml")
NEW_PAGE_SECONDS = 60


@pytest.fixture
def reachable(
    superset: str, filled: Settings, contracts: dict[str, Contract], kafka_bootstrap: str
) -> Iterator[Settings]:
    """The installation of the session, with a Kafka; afterwards as it was before."""
    settings = filled.model_copy(update={"kafka_bootstrap": kafka_bootstrap})
    assert set(everything(settings).deployed) == set(contracts)
    yield settings
    with psycopg.connect(settings.postgres_dsn) as connection:
        connection.execute("delete from ops.contract where source = 'kiosk_sale'")
    bring(settings, everything(settings))


@contextmanager
def superset_fails_at_its_end(settings: Settings) -> Iterator[None]:
    """Its database refuses to note a new chart, after the import itself was committed."""
    with connect(settings) as connection:
        connection.execute(
            "create function refuse() returns trigger language plpgsql as"
            " $$ begin raise check_violation using message = 'disk full'; end $$"
        )
        connection.execute(
            "create trigger refuse before update on minsheng_asset for each row"
            " when (new.digest <> '' and new.path like '%kiosk_sale%') execute function refuse()"
        )
    yield
    with connect(settings) as connection:
        connection.execute("drop trigger refuse on minsheng_asset")
        connection.execute("drop function refuse")


def test_pages_follow_deployment_retirement_and_failure(
    reachable: Settings, contracts: dict[str, Contract], admin: Person
) -> None:
    """One after the other, because each import takes seconds."""
    dashboards = SupersetDashboards(reachable)
    before = titles(admin)

    with superset_fails_at_its_end(reachable), pytest.raises(SupersetFailed, match="disk full") as failed:
        deploy(reachable, [KIOSK], dashboards=dashboards)
    assert failed.value.__notes__ == ["Step 'dashboards' failed; everything is as it was before."]
    assert titles(admin) == before
    assert not dashboards.plan(everything(reachable)).changes

    with no_commit(reachable), pytest.raises(DeploymentFailed, match="not today"):
        deploy(reachable, [KIOSK], dashboards=dashboards)
    assert titles(admin) == before
    assert not dashboards.plan(everything(reachable)).changes

    begun = time.monotonic()
    plan = deploy(reachable, [KIOSK], dashboards=dashboards)
    assert time.monotonic() - begun < NEW_PAGE_SECONDS
    assert "dashboards/live-kiosk_sale.yaml" in plan.dashboards.create
    assert "dashboards/today.yaml" not in plan.dashboards.create
    untouched = {f"dashboards/live-{source}.yaml" for source in contracts}
    assert untouched.isdisjoint((*plan.dashboards.create, *plan.dashboards.change, *plan.dashboards.restore))
    assert titles(admin) == {*before, "报亭销售"}
    assert not deploy(reachable, [KIOSK], dashboards=dashboards).changes

    retire(reachable, "kiosk_sale", dashboards=dashboards)
    assert titles(admin) == {*before, "报亭销售（已停用）"}
    assert [each["slug"] for each in admin.listed("dashboard") if "已停用" in each["dashboard_title"]] == [
        "live-kiosk_sale"
    ]
    assert not [each for each in admin.listed("dataset") if each["table_name"].startswith("live kiosk_sale")]
