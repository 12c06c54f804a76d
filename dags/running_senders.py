"""Every hour: gaps and repeats in the numbers of senders that number their events, of the running day so far.

`reconcile` looks again when the day is over. A gap makes no run fail: it stands on the ledger.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from airflow.sdk import dag, task
from airflow.timetables.trigger import CronTriggerTimetable
from minsheng import SINCE, ZONE, minsheng


@dag(
    schedule=CronTriggerTimetable("40 * * * *", timezone=ZONE),
    start_date=SINCE,
    catchup=False,
    max_active_runs=1,
    dag_display_name="发送方序号",
    doc_md=__doc__,
    tags=["实时"],
)
def running_senders() -> None:
    # No retry: the next hour is as good.
    @task(execution_timeout=timedelta(minutes=15))
    def senders() -> Any:
        return minsheng("reconcile", "senders", "--running", "--json")

    senders()


running_senders()
