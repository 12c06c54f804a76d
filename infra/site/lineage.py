"""From a field to the charts that show it, as a picture: which metrics use it, and what draws those."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from html import escape

from infra.superset.assets import Chart, Dashboard
from streams.contract.model import Contract, Metric

ROW, BOX, GAP, MARGIN = 34, 26, 120, 8
WIDTHS = (230, 230, 330)
LETTERS = (17, 17, 25)
"""Characters of full width that fit into a box of each column."""


@dataclass(frozen=True)
class Node:
    """A box: its column (0 fields, 1 metrics, 2 charts), its text, and a second one in small letters."""

    key: str
    column: int
    text: str
    note: str = ""


@dataclass(frozen=True)
class Lineage:
    """Boxes and the keys of those that are joined."""

    nodes: tuple[Node, ...]
    edges: tuple[tuple[str, str], ...]


def lineage(contract: Contract, page: Dashboard) -> Lineage:
    """Fields that a metric uses, metrics, and the charts of the source's page that draw them; charts of one
    title are one box."""
    nodes, edges = dict[str, Node](), dict[tuple[str, str], None]()
    for name, metric in contract.metrics.items():
        metric_key = f"metric:{name}"
        for field in used_fields(metric):
            spec = contract.columns[field]
            nodes[f"field:{field}"] = Node(f"field:{field}", 0, spec.title, field)
            edges[f"field:{field}", metric_key] = None
        nodes[metric_key] = Node(
            metric_key, 1, metric.title, ", ".join(m.title for m in metric.measures.values())
        )
        for chart in _charts(contract, name, page.charts):
            chart_key = f"chart:{name}:{chart.title}"
            nodes[chart_key] = Node(chart_key, 2, chart.title)
            edges[metric_key, chart_key] = None
    ordered = [name for name in contract.columns if f"field:{name}" in nodes]
    fields = [nodes[f"field:{name}"] for name in ordered]
    return Lineage((*fields, *(node for node in nodes.values() if node.column)), tuple(edges))


def used_fields(metric: Metric) -> list[str]:
    """Fields that a metric groups by or measures, each once."""
    measured = (measure.field for measure in metric.measures.values() if measure.field)
    return list(dict.fromkeys((*metric.by, *measured)))


def _charts(contract: Contract, metric: str, charts: Iterable[Chart]) -> list[Chart]:
    data_sets = {
        f"{span} {contract.source} {metric}{what}" for span in ("live", "daily") for what in ("", " values")
    }
    found: dict[str, Chart] = {}
    for chart in charts:
        if chart.dataset.key in data_sets:
            found.setdefault(chart.title, chart)
    return list(found.values())


def svg(drawn: Lineage, label: str) -> str:
    """The picture as SVG, to stand within a page. Every text is escaped."""
    columns = [[node for node in drawn.nodes if node.column == number] for number in range(len(WIDTHS))]
    height = max(map(len, columns)) * ROW + 2 * MARGIN
    lefts = [MARGIN + sum(WIDTHS[:number]) + number * GAP for number in range(len(WIDTHS))]
    places: dict[str, tuple[float, float]] = {}
    for number, nodes in enumerate(columns):
        top = (height - len(nodes) * ROW) / 2
        for index, node in enumerate(nodes):
            places[node.key] = (lefts[number], top + index * ROW + (ROW - BOX) / 2)
    for node in columns[1]:  # beside the middle of its charts, which are more
        charts = [places[end][1] for begin, end in drawn.edges if begin == node.key]
        if len(columns[2]) >= len(columns[1]) and charts:
            places[node.key] = (lefts[1], sum(charts) / len(charts))
    width = lefts[-1] + WIDTHS[-1] + MARGIN
    body = [*_lines(drawn, places), *(_box(node, *places[node.key]) for node in drawn.nodes)]
    return (
        f'<svg class="lineage" viewBox="0 0 {width} {height:g}" role="img" aria-label="{escape(label)}">'
        + "".join(body)
        + "</svg>"
    )


def _lines(drawn: Lineage, places: Mapping[str, tuple[float, float]]) -> list[str]:
    column = {node.key: node.column for node in drawn.nodes}
    lines = []
    for begin, end in drawn.edges:
        (left, top), (right, bottom) = places[begin], places[end]
        x, y, to = left + WIDTHS[column[begin]], top + BOX / 2, bottom + BOX / 2
        middle = (x + right) / 2
        lines.append(f'<path d="M{x:g} {y:g}C{middle:g} {y:g} {middle:g} {to:g} {right:g} {to:g}"/>')
    return lines


def _box(node: Node, x: float, y: float) -> str:
    width, letters = WIDTHS[node.column], LETTERS[node.column]
    text = shortened(node.text, letters)
    whole = escape(f"{node.text}（{node.note}）" if node.note else node.text)
    return (
        f'<g class="c{node.column}"><title>{whole}</title>'
        f'<rect x="{x:g}" y="{y:g}" width="{width}" height="{BOX}" rx="4"/>'
        f'<text x="{x + 8:g}" y="{y + 17.5:g}">{escape(text)}</text></g>'
    )


def shortened(text: str, letters: int) -> str:
    """As much of the text as fits into so many characters of full width; Latin ones are half as wide."""
    used = 0.0
    for index, letter in enumerate(text):
        used += 1 if ord(letter) > LATIN else 0.55
        if used > letters:
            return text[: max(0, index - 1)] + "…"
    return text


LATIN = 0x2E7F
