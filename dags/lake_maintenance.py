"""Every day at a quiet hour: delete what is older than the settings keep, compact the lake's small files."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from airflow.sdk import dag, task
from airflow.timetables.trigger import CronTriggerTimetable
from minsheng import DEFAULTS, ROLLUP_POOL, SINCE, ZONE, minsheng


@dag(
    schedule=CronTriggerTimetable("30 4 * * *", timezone=ZONE),
    start_date=SINCE,
    catchup=False,
    max_active_runs=1,
    default_args=DEFAULTS,
    dag_display_name="数据湖维护",
    doc_md=__doc__,
    tags=["运维"],
)
def lake_maintenance() -> None:
    # It starts Spark as a rollup does, hence the same pool.
    @task(pool=ROLLUP_POOL, execution_timeout=timedelta(hours=3))
    def maintain() -> Any:
        return minsheng("lake", "maintain", "--json")

    maintain()


lake_maintenance()
