"""Every day: sent = accepted + quarantined + duplicate + conflict + in flight, for every source and day.

A residue that is not 0 makes the run fail: something was lost or counted twice. So does an event that was
acknowledged and is not in Kafka. Where nobody has looked at Kafka for minutes, as while the Spark
application is down, what was sent is not known: the run tries again, and then fails. Then the numbers of
senders that number their events are looked through.
"""

from __future__ import annotations

from typing import Any

from airflow.sdk import dag, task
from airflow.timetables.trigger import CronTriggerTimetable
from minsheng import DEFAULTS, SINCE, ZONE, minsheng

DAYS = 7
"""A residue that was decided on (docs/administrator.md) fails no run after so many days; it stays in the
ledger."""


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
        return minsheng("ledger", "--days", str(DAYS), "--json")

    @task
    def senders() -> Any:
        return minsheng("reconcile", "senders", "--json")

    ledger()
    senders()


reconcile()
