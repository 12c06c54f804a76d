"""Every day: sent = accepted + quarantined + duplicate + conflict + in flight, for every source and day.

A residue that is not 0 makes the run fail: something was lost or counted twice.
"""

from __future__ import annotations

from typing import Any

from airflow.sdk import dag, task
from airflow.timetables.trigger import CronTriggerTimetable
from minsheng import DEFAULTS, SINCE, ZONE, minsheng


@dag(
    schedule=CronTriggerTimetable("30 1 * * *", timezone=ZONE),
    start_date=SINCE,
    catchup=False,
    max_active_runs=1,
    default_args=DEFAULTS,
    dag_display_name="对账",
    doc_md=__doc__,
    tags=["日终"],
)
def reconcile() -> None:
    @task
    def ledger() -> Any:
        return minsheng("ledger", "--json")

    ledger()


reconcile()
