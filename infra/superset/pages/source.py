"""The page of one source, derived from its contract alone."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from infra.superset.assets import Chart, Dashboard, Dataset, Filter, Row, Section
from infra.superset.charts import HALF_HEIGHT, days, fitting, minutes, newest_days, ranked, table, where
from infra.superset.data.comparison import SPANS, today_and_yesterday
from infra.superset.data.daily import daily_measures, published_days
from infra.superset.data.days import published_metric, published_values
from infra.superset.data.dimensions import Dimension, dimensions
from infra.superset.data.live import minutes_of_today, values_of_today
from infra.superset.data.measures import DECIMAL, additive, distinct
from infra.superset.data.quarantine import quarantined_today, reasons_today
from infra.superset.pages.source_cases import cases
from infra.superset.pages.source_tiles import COLUMNS, key_of, rows_of, tiles
from streams.contract.model import Contract
from streams.contract.tables import MetricTable, metric_tables
from streams.contract.types import values_of

MOST_BANDS = 6
RETIRED_REFRESH_SECONDS = 300


def slug(source: str) -> str:
    """The address of a source's page: /superset/dashboard/<slug>/."""
    return f"live-{source}"


def source_page(
    contract: Contract, contracts: Mapping[str, Contract], every: Mapping[str, Contract]
) -> Dashboard:
    """Tiles for every measure, the day by minute, every dimension, quarantine, and the published days.

    `contracts`: those in service; `every`: retired ones too, which have published days as well.
    """
    tables = metric_tables(contract)
    live = {each.metric: minutes_of_today(contract, each) for each in tables}
    only = [where("source", contract.source)]
    rows: list[Row | Section] = list(rows_of(tiles(contract, contracts, live)))
    rows.append(_course(contract, tables, live))
    for each in tables:
        rows += _breakdown(contract, each, live[each.metric])
    rows += cases(contract)
    rows += [Section("隔离区"), _quarantine(contract, contracts, only)]
    rows += [Section("日终"), _published(contract, every, [*only, newest_days()])]
    rows += [row for each in tables for row in _published_breakdown(contract, each)]
    return Dashboard(
        slug=slug(contract.source),
        title=contract.title,
        about=f"{contract.about}。主管：{contract.owner}。每 10 秒刷新，按北京时间零时换日。",
        rows=tuple(rows),
        filters=tuple(_county(contract, live)),
    )


def marked(contract: Contract) -> Contract:
    """A retired contract under the title that it has from then on."""
    return contract.model_copy(update={"title": f"{contract.title}（已停用）"})


def retired_page(contract: Contract, every: Mapping[str, Contract]) -> Dashboard:
    """What stays of a source that was retired: its published days. `contract` and `every` are marked so."""
    only = [where("source", contract.source)]
    rows: list[Row | Section] = [
        Section("已停用：不再接收事件，历史数字保留"),
        _published(contract, every, [*only, newest_days()]),
    ]
    rows += [row for each in metric_tables(contract) for row in _published_breakdown(contract, each)]
    return Dashboard(
        slug=slug(contract.source),
        title=contract.title,
        about=f"{contract.about}。主管：{contract.owner}。该来源已停用：不再接收事件，已发布的日终数字保留。",
        rows=tuple(rows),
        refresh_seconds=RETIRED_REFRESH_SECONDS,
    )


def _course(contract: Contract, tables: Sequence[MetricTable], live: Mapping[str, Dataset]) -> Row:
    """The first measure by minute, beside today against yesterday."""
    charts = []
    for each in tables:
        measures = additive(contract, each.metric)
        if measures:
            dims = [d for d in dimensions(contract, each.metric) if _values_of(contract, d) <= MOST_BANDS]
            charts.append(
                minutes(
                    key_of(contract, each.metric, "by-minute"),
                    f"{measures[0].title}（分钟）· 实时",
                    live[each.metric],
                    measures[0].figure,
                    by=dims[0].label_column if dims else None,
                    width=7,
                )
            )
            break
    texts = [f"{span}__text" for span in SPANS]
    compared = table(
        key_of(contract, "comparison"),
        "今日与昨日 · 实时",
        today_and_yesterday(contract),
        ["measure", *texts, "change_percent"],
        width=COLUMNS - sum(chart.width for chart in charts),
        order=[("position", True)],
        formats={"change_percent": "+,.1f"},
        right=texts,
    )
    return (*charts, compared)


def _values_of(contract: Contract, dimension: Dimension) -> int:
    """How many values a dimension can have; more than any chart can show where they cannot be listed."""
    return len(values_of(contract.columns[dimension.field])) or MOST_BANDS + 1


def _first(contract: Contract, dimension: Dimension) -> str:
    """What a chart of bars is called where there may be more values than it has room for."""
    values = values_of(contract.columns[dimension.field])
    fit = fitting(HALF_HEIGHT)
    return "" if dimension.is_division or 0 < len(values) <= fit else f"（前 {fit}）"


def _breakdown(contract: Contract, each: MetricTable, live: Dataset) -> list[Row | Section]:
    """Bars and a table for every dimension of a metric."""
    dims, measures = dimensions(contract, each.metric), additive(contract, each.metric)
    if not dims:
        return []
    values, width = values_of_today(contract, each), COLUMNS // len(dims)
    rows: list[Row | Section] = [Section(f"{each.title} · 实时")]
    if measures:
        rows.append(
            tuple(
                ranked(
                    key_of(contract, each.metric, "by", dim.field),
                    f"{measures[0].title}：按{dim.title}{_first(contract, dim)}",
                    live,
                    measures[0].figure,
                    dim.label_column,
                    width=width,
                )
                for dim in dims
            )
        )
    rows.append(tuple(_value_table(contract, each, values, dim, width) for dim in dims))
    return rows


def _value_table(contract: Contract, each: MetricTable, values: Dataset, dim: Dimension, width: int) -> Chart:
    measures, counted = additive(contract, each.metric), distinct(contract, each.metric)
    names = [*(measure.name for measure in measures), *counted]
    shares = list(contract.metrics[each.metric].ratios)
    return table(
        key_of(contract, each.metric, "values", dim.field),
        f"{each.title}：按{dim.title}" + ("（去重为估计）" if counted else ""),
        values,
        ["label", *names, *shares],
        width=width,
        filters=[where("dimension", dim.field)],
        order=[(names[0], False)],
        formats={
            **{measure.name: measure.number_format for measure in measures},
            **dict.fromkeys(counted, ",d"),
            **dict.fromkeys(shares, DECIMAL),
        },
        bars=names,
    )


def _quarantine(
    contract: Contract, contracts: Mapping[str, Contract], only: Sequence[Mapping[str, object]]
) -> Row:
    return (
        ranked(
            key_of(contract, "reasons"),
            f"隔离原因 · 实时（前 {fitting(HALF_HEIGHT)} 种）",
            reasons_today(contracts),
            "events__figure",
            "reason",
            width=4,
            filters=only,
        ),
        table(
            key_of(contract, "quarantined"),
            "最近隔离的事件",
            quarantined_today(contracts),
            ["received", "division__label", "place", "event_id", "reasons", "excerpt", "state"],
            width=8,
            filters=only,
            order=[("received", False)],
            most=50,
            is_excerpt=True,
        ),
    )


def _published(
    contract: Contract, contracts: Mapping[str, Contract], only: Sequence[Mapping[str, object]]
) -> Row:
    """The published days: the final number with its revision, beside the live one above."""
    return (
        days(
            key_of(contract, "days"),
            "每日入账（日终）",
            published_days(contracts),
            "accepted__figure",
            by=None,
            width=5,
            filters=only,
        ),
        table(
            key_of(contract, "daily"),
            "日终指标",
            daily_measures(contracts),
            [
                "event_day",
                "measure",
                "value__text",
                "change_percent",
                "year_percent",
                "revision",
                "published",
            ],
            width=7,
            filters=only,
            order=[("event_day", False), ("position", True)],
            formats={"change_percent": "+,.1f", "year_percent": "+,.1f", "revision": "d"},
            right=["value__text"],
            is_paged=True,
        ),
    )


def _published_breakdown(contract: Contract, each: MetricTable) -> Iterable[Row]:
    """A metric's published days by county, or by its first dimension: a series beside every measure."""
    dims, measures = dimensions(contract, each.metric), additive(contract, each.metric)
    if not dims:
        return
    dim = next((dim for dim in dims if dim.is_division), dims[0])
    counted = distinct(contract, each.metric)
    names = [*(measure.name for measure in measures), *counted]
    charts = [
        table(
            key_of(contract, each.metric, "daily", dim.field),
            f"{each.title}：按{dim.title}（日终）",
            published_values(contract, each),
            ["event_day", "label", *names],
            width=7 if measures else COLUMNS,
            filters=[where("dimension", dim.field), newest_days()],
            order=[("event_day", False), (names[0], False)],
            formats={
                **{measure.name: measure.number_format for measure in measures},
                **dict.fromkeys(counted, ",d"),
            },
            is_paged=True,
        )
    ]
    if measures:
        series = days(
            key_of(contract, each.metric, "days", dim.field),
            f"{measures[0].title}：每日，按{dim.title}（日终）",
            published_metric(contract, each),
            measures[0].figure,
            by=dim.label_column,
            width=5,
            filters=[newest_days()],
            stacked=True,
        )
        charts.insert(0, series)
    yield tuple(charts)


def _county(contract: Contract, live: Mapping[str, Dataset]) -> Iterable[Filter]:
    for metric in contract.metrics:
        for dim in dimensions(contract, metric):
            if dim.is_division:
                yield Filter(key_of(contract, "county"), dim.title, live[metric], dim.label_column)
                return
