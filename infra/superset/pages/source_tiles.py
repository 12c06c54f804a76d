"""The tiles of a source's page: one for each measure, the age of the numbers, quarantine."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from infra.superset.assets import Chart, Dataset, Row
from infra.superset.charts import RED, tile, warn, where
from infra.superset.data.live import values_of_today
from infra.superset.data.measures import distinct_once, once
from infra.superset.data.overview import AGE, STALE_SECONDS, freshness
from infra.superset.data.quarantine import quarantined_today
from streams.contract.model import Contract
from streams.contract.tables import metric_tables

COLUMNS = 12
TILES_A_ROW = 6


def key_of(contract: Contract, *parts: str) -> str:
    """The key of a chart of the source's page."""
    return "-".join(("live", contract.source, *parts))


def rows_of(charts: Sequence[Chart], most: int = TILES_A_ROW) -> Iterable[Row]:
    """Rows of at most `most` charts, of nearly the same number each; the charts of a row are of one width."""
    count = -(-len(charts) // most)
    for number in range(count):
        row = charts[len(charts) * number // count : len(charts) * (number + 1) // count]
        yield tuple(replace(chart, width=COLUMNS // len(row)) for chart in row)


def tiles(contract: Contract, contracts: Mapping[str, Contract], live: Mapping[str, Dataset]) -> list[Chart]:
    """`live`: metric -> its data set of today's minutes."""
    only = [where("source", contract.source)]
    found = []
    for each in metric_tables(contract):
        for measure in once(contract)[each.metric]:
            title, unit = _title_and_unit(measure.title)
            key = key_of(contract, each.metric, measure.name)
            found.append(tile(key, f"{title} · 实时", live[each.metric], measure.figure, f"{unit}今日零时起"))
        values = values_of_today(contract, each)
        for name, title in distinct_once(contract)[each.metric].items():
            everywhere = [where("dimension", "")]
            key = key_of(contract, each.metric, name)
            found.append(
                tile(
                    key,
                    f"{title} · 实时",
                    values,
                    f"{name}__figure",
                    "去重估计，全市今日",
                    filters=everywhere,
                )
            )
    found.append(
        tile(
            key_of(contract, "age"),
            "数据龄 · 实时",
            freshness(contracts),
            "age__figure",
            "秒前的数字",
            filters=only,
            rules=[warn(AGE, STALE_SECONDS, RED)],
        )
    )
    found.append(
        tile(
            key_of(contract, "quarantine"),
            "今日隔离 · 实时",
            quarantined_today(contracts),
            "events__figure",
            "条，待核实",
            filters=only,
        )
    )
    return found


def _title_and_unit(title: str) -> tuple[str, str]:
    """`补贴金额（元）` as title and `元，`."""
    head, bracket, unit = title.removesuffix("）").rpartition("（")
    return (head, f"{unit}，") if bracket and title.endswith("）") else (title, "")
