"""Ratios are shown beside the measures that they are taken of."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Any

import psycopg
import pytest
from psycopg.rows import dict_row

from infra.superset.data.live import values_of_today
from streams import reference
from streams.contract.model import Ratio
from streams.contract.tables import metric_tables
from streams.settings import Settings
from tests.infra.superset import contracts as known

pytestmark = pytest.mark.servers

Connection = psycopg.Connection[dict[str, Any]]


@pytest.fixture
def reader(filled: Settings) -> Iterator[Connection]:
    """The dashboards' own role."""
    with psycopg.connect(filled.reader_dsn, row_factory=dict_row) as connection:
        yield connection


def test_a_ratio_is_taken_of_each_rows_own_sums(reader: Connection) -> None:
    """Between measures, to a column of a reference table that is added up by county, and of another ratio."""
    contract = known.own()["canteen_meal"]
    metric = contract.metrics["meals"]
    ratios = {
        "per_meal": Ratio(title="餐均", of="price_fen", to="meals", unit="fen"),
        "seats": Ratio(title="座位用餐率", of="elders", to="canteens.seats", unit="percent"),
        "both": Ratio(title="相比", of="per_meal", to="meals"),
    }
    metrics = {"meals": metric.model_copy(update={"ratios": ratios})}
    wanted = contract.model_copy(update={"metrics": metrics})
    query = values_of_today(wanted, metric_tables(contract)[0]).sql
    rows = reader.execute(query.encode()).fetchall()
    seats: Counter[str] = Counter()
    for canteen in reference.rows("canteens"):
        seats[canteen["division"]] += int(canteen["seats"])
    by_county = {row["value"]: row for row in rows if row["dimension"] == "division"}
    assert len(by_county) == 12
    for code, found in by_county.items():
        row = {name: float(found[name]) for name in ("price_fen", "meals", "elders", *ratios)}
        assert row["per_meal"] == pytest.approx(row["price_fen"] / row["meals"], abs=0.01)
        assert row["seats"] == pytest.approx(100 * row["elders"] / seats[code], abs=0.01)
        assert row["both"] == pytest.approx(row["price_fen"] / row["meals"] ** 2, abs=0.01)
    whole = next(row for row in rows if row["dimension"] == "")
    assert float(whole["seats"]) == pytest.approx(100 * float(whole["elders"]) / seats.total(), abs=0.01)
    for row in (row for row in rows if row["dimension"] == "meal"):
        assert float(row["seats"]) == pytest.approx(100 * float(row["elders"]) / seats.total(), abs=0.01)
