"""`minsheng alerts`: what operators must know now."""

from __future__ import annotations

import psycopg
from rich.table import Table
from rich.text import Text

from expectations.alerts import read_open
from infra.cli.failures import failures
from infra.cli.ledger import titles
from infra.cli.output import AsJson, print_json, wide
from streams.settings import Settings
from streams.zone import ZONE

PLATFORM = "平台"


@failures()
def alerts(as_json: AsJson = False) -> None:
    """List the alerts that stand: sources that fell silent, rules that failed; the newest first.

    `minsheng validate live` raises and clears them; Airflow runs it every few minutes.
    """
    settings = Settings()
    with psycopg.connect(settings.postgres_dsn) as connection:
        found = read_open(connection)
    if as_json:
        print_json([alert.as_json() for alert in found])
        return
    console = wide(highlight=True)
    if not found:
        console.print("没有未解除的告警")
        return
    names = titles(settings)
    table = Table("时间", "来源", "告警", box=None, pad_edge=False)
    for alert in found:
        title = PLATFORM if alert.source is None else names.get(alert.source, alert.source)
        raised = f"{alert.raised_at.astimezone(ZONE):%m-%d %H:%M:%S}"
        table.add_row(raised, Text(title), Text(alert.message))
    console.print(table)
