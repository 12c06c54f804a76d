"""Every data set answers the dashboards' own role, of any contracts and with any text."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from infra.superset.assets import Dataset
from infra.superset.bundle import pages
from infra.superset.data import sql as pieces
from tests.infra.superset import contracts as known
from tests.infra.superset.asking import Connection, ask

pytestmark = pytest.mark.servers
DATASETS = {
    chart.dataset.key: chart.dataset for page in pages(known.every(), "events.") for chart in page.charts
}


@pytest.mark.parametrize("dataset", DATASETS.values(), ids=DATASETS)
def test_a_data_set_answers_the_reader_with_the_columns_and_figures_it_names(
    dataset: Dataset, reader: Connection
) -> None:
    cursor = reader.execute(f"select * from ({dataset.sql}) asked")
    assert {each.name for each in cursor.description or []} >= {each.name for each in dataset.columns}
    assert cursor.fetchall()
    for figure in dataset.figures:
        assert ask(reader, dataset, f"{figure.expression} as figure")[0]["figure"] is not None


def test_the_pages_of_a_platform_without_contracts_answer_too(reader: Connection) -> None:
    for page in pages({}, "events."):
        for chart in page.charts:
            ask(reader, chart.dataset)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=200, deadline=None)
@given(st.text(st.characters(exclude_characters="\0", exclude_categories=("Cs",))))
def test_any_text_survives_quoting(reader: Connection, value: str) -> None:
    (row,) = reader.execute(f"select {pieces.text(value)} as value".replace("%", "%%"), ()).fetchall()
    assert row["value"] == value
