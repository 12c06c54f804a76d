"""Every five minutes: Great Expectations judges the live minutes. A rule that fails makes the run fail."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from airflow.sdk import dag, task
from airflow.timetables.trigger import CronTriggerTimetable
from minsheng import SINCE, ZONE, minsheng


@dag(
    schedule=CronTriggerTimetable("*/5 * * * *", timezone=ZONE),
    start_date=SINCE,
    catchup=False,
    max_active_runs=1,
    dag_display_name="实时校验",
    doc_md=__doc__,
    tags=["实时"],
)
def live_validation() -> None:
    # No retry: the next run is as good.
    @task(execution_timeout=timedelta(minutes=4))
    def validate() -> Any:
        minsheng("validate", "live", "--json")

    validate()


live_validation()
