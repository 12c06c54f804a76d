"""A day after a replay: the rollup reads what was patched, and says what came from quarantine."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime, timedelta
from random import Random

import psycopg
import pytest

from spark_jobs.replay import run
from spark_jobs.replay.piece import Changes
from spark_jobs.replay.selection import Selection
from spark_jobs.rollup.due import due
from streams.patch import Patch
from streams.settings import Settings
from tests.spark_jobs.rollup.conftest import RollUp, Tell
from tests.spark_jobs.rollup.meals import SHANGHAI, SOURCE, Told, meal, told

pytestmark = pytest.mark.servers

DAY = date(2022, 6, 14)
NOON = datetime(2022, 6, 14, 12, tzinfo=SHANGHAI)


def test_the_day_is_due_again_and_its_revision_has_the_patched_value(
    deployed: Settings, tell: Tell, roll_up: RollUp
) -> None:
    """One was received a month later: the value in the lake names the day, and only the ledger knows when."""
    right = told(DAY, 1_500, seed=7)
    wrong = meal(Random(1)) | {"meal": "supper"}
    first = Told(0, 9_000, NOON + timedelta(hours=1), "supper-1", NOON, wrong, good=False)
    late = replace(first, offset=9_001, event_id="supper-2", received_at=NOON + timedelta(days=30))
    tell([*right, first, late])
    before = roll_up(DAY)

    patch = Patch(source=SOURCE, why="晚餐写成了 supper", replace={"meal": {"supper": "dinner"}})
    wish = run.Wish(Selection(source=SOURCE), "tester", patch.why, Changes(patch, None))
    report = run.replay(deployed, wish, lambda done, of: None)
    with psycopg.connect(deployed.postgres_dsn) as connection:
        version = connection.execute(
            "select version from ops.contract where source = %s", (SOURCE,)
        ).fetchone()
        assert version is not None
        reasons = [each.reason for each in due(connection, {SOURCE: version[0]}, DAY, DAY)]
    after = roll_up(DAY)

    assert report.outcomes == {"accepted": 2}
    assert report.lost == 0, "the lake that Spark wrote is read without Spark"
    assert reasons == ["late"]
    assert before.counts is not None
    assert after.counts is not None
    assert after.counts.accepted == before.counts.accepted + 2
    assert after.counts.quarantined == before.counts.quarantined - 2
    assert (after.revision, after.message) == (2, "隔离区重放 +2")
    dinners = f"""
        select revision, sum(meals) filter (where meal = 'dinner')::int from mart.{SOURCE}__meals__revision
        where event_day = '{DAY}' group by 1 order by 1
    """
    with psycopg.connect(deployed.postgres_dsn) as connection:
        (_, first_time), (_, second_time) = connection.execute(dinners).fetchall()
    assert second_time == first_time + 2
