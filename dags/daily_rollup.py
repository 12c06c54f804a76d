"""Every day, soon after midnight in Shanghai: roll up the day that is over, of every deployed source.

A day that cannot be rolled up now (the platform was down, a gate refused it) is not lost: it stays due, and
`late_days` rolls up what is due.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from airflow.sdk import Param, dag, get_current_context, task
from airflow.timetables.interval import CronDataIntervalTimetable
from minsheng import DEFAULTS, PUBLISHED, ROLLUP_POOL, SINCE, ZONE, event_day, publish_day, roll_up, sources


@dag(
    # 00:20: the archive has written the day's last events, and the data interval begins within the day.
    schedule=CronDataIntervalTimetable("20 0 * * *", timezone=ZONE),
    start_date=SINCE.start_of("day"),  # the first day is rolled up, too
    catchup=True,  # days on which the platform was down at midnight
    max_active_runs=2,
    params={
        "day": Param(
            None, type=["null", "string"], format="date", description="事件日；默认为数据区间所在日"
        ),
        "sources": Param(
            [], type="array", items={"type": "string"}, description="来源；默认为全部已部署来源"
        ),
    },
    default_args=DEFAULTS,
    dag_display_name="日终汇总",
    doc_md=__doc__,
    tags=["日终"],
)
def daily_rollup() -> None:
    @task
    def deployed_sources() -> list[str]:
        return get_current_context()["params"]["sources"] or sources()

    # Not tried again as a whole: whatever it did not do, the tasks of the sources do, each by itself.
    @task(pool=ROLLUP_POOL, retries=0, execution_timeout=timedelta(hours=4))
    def roll_up_all(sources: list[str]) -> list[dict[str, Any]]:
        named = [argument for source in sources for argument in ("--source", source)]
        return roll_up("run", "--day", day(), *named) if sources else []

    @task(
        outlets=[PUBLISHED],
        pool=ROLLUP_POOL,
        map_index_template="{{ task.op_kwargs['source'] }}",
        trigger_rule="all_done",
        execution_timeout=timedelta(hours=2),
    )
    def publish(source: str, reports: list[dict[str, Any]] | None) -> dict[str, Any]:
        return publish_day(source, day(), reports)

    found = deployed_sources()
    publish.partial(reports=roll_up_all(found)).expand(source=found)


def day() -> str:
    """The event day of this run."""
    context = get_current_context()
    return event_day(context["params"]["day"], context.get("data_interval_start"))


daily_rollup()
