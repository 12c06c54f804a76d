"""What the page of the quarantine asks, as the dashboards' role asks it."""

from __future__ import annotations

from typing import Any

import psycopg
import pytest
from psycopg.rows import dict_row

from infra.superset.assets import Dataset
from infra.superset.data.quarantine_work import conflicts, events, groups
from streams.registry import deployed
from streams.settings import Settings
from tests.spark_jobs.replay.platform import Platform, meal

pytestmark = pytest.mark.servers

ELDER = "330302194001011232"


def asked(settings: Settings, dataset: Dataset) -> list[dict[str, Any]]:
    """The data set's rows; its figures can be computed, too."""
    figures = ", ".join(f'{each.expression} as "{each.name}"' for each in dataset.figures)
    with psycopg.connect(settings.reader_dsn, row_factory=dict_row) as connection:
        connection.execute(f"select {figures} from ({dataset.sql}) d")
        rows = connection.execute(dataset.sql).fetchall()
    assert all(list(row) == [column.name for column in dataset.columns] for row in rows)
    return rows


def test_groups_events_and_conflicts_are_there_masked(settings: Settings) -> None:
    platform = Platform(settings)
    of_one = [meal(n, 6000 if n < 3 else 1200, canteen_id="ST302001") for n in range(10)]
    platform.send([*of_one, b"{not json", meal(20, elder=ELDER), meal(5, 1300, canteen_id="ST302001")])
    with psycopg.connect(settings.postgres_dsn) as connection:  # the page shows three months
        for table in ("quarantine", "conflict"):
            connection.execute(f"update ops.{table} set received_at = now() - interval '1 minute'")
        connection.execute(
            "update ops.place_day set received_day = (now() at time zone 'Asia/Shanghai')::date"
        )
    contracts = deployed(settings).contracts

    grouped = asked(settings, groups(contracts))
    single = asked(settings, events(contracts))
    (twice,) = asked(settings, conflicts(contracts))

    dear = next(each for each in grouped if each["reason"] == "餐费：超出范围")
    told = (
        dear["place"],
        dear["events"],
        float(dear["share_percent"]),
        dear["state"],
        dear["division__label"],
    )
    assert told == ("ST302001", 3, 27.3, "待核实", "鹿城区")
    assert next(each["share_percent"] for each in grouped if each["place"] is None) is None
    assert len(single) == 5
    assert ELDER not in str(single)
    assert (twice["first_place"], twice["second_place"]) == ("0/5", "0/12")
