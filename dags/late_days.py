"""Twice a day: roll up every day that is due. Late events touched it, its contract changed, or it was missed.

A day that is published already gets its next revision; where nothing changed, nothing is published.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from airflow.sdk import dag, task
from airflow.timetables.trigger import CronTriggerTimetable
from minsheng import DEFAULTS, PUBLISHED, ROLLUP_POOL, SINCE, ZONE, minsheng, publish_day, roll_up

DAYS_AT_ONCE = 200
"""The rest is due next time."""


@dag(
    schedule=CronTriggerTimetable("0 3,13 * * *", timezone=ZONE),
    start_date=SINCE,
    catchup=False,
    max_active_runs=1,
    default_args=DEFAULTS,
    dag_display_name="迟到数据重算",
    doc_md=__doc__,
    tags=["日终"],
)
def late_days() -> None:
    @task
    def due() -> list[dict[str, str]]:
        return [{"source": one["source"], "day": one["day"]} for one in minsheng("rollup", "due", "--json")][
            :DAYS_AT_ONCE
        ]

    # Not tried again as a whole: whatever it did not do, the tasks of the days do, each by itself.
    @task(pool=ROLLUP_POOL, retries=0, execution_timeout=timedelta(hours=8))
    def roll_up_all(days: list[dict[str, str]]) -> list[dict[str, Any]]:
        return roll_up("late", "--limit", str(DAYS_AT_ONCE)) if days else []

    @task(
        outlets=[PUBLISHED],
        pool=ROLLUP_POOL,
        map_index_template="{{ task.op_kwargs['day'] }} {{ task.op_kwargs['source'] }}",
        trigger_rule="all_done",
        execution_timeout=timedelta(hours=2),
    )
    def publish(source: str, day: str, reports: list[dict[str, Any]] | None) -> dict[str, Any]:
        return publish_day(source, day, reports)

    found = due()
    publish.partial(reports=roll_up_all(found)).expand_kwargs(found)


late_days()
