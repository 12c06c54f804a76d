"""What a backfill would change, as tables: over its days, and day by day what does not add up over days."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from rich.table import Table

from infra.cli.output import out
from spark_jobs.rollup.measures import Change, summed
from spark_jobs.rollup.review import ReviewedDay
from streams.contract.model import Contract

CHANGES = ("来源", "指标", "变动天数", "已发布", "新版", "相差")
DAY_CHANGES = ("事件日", *CHANGES[:2], *CHANGES[3:])
SHOWN = 20


def print_changes(
    found: Sequence[Change], contracts: Mapping[str, Contract], days: Sequence[ReviewedDay]
) -> None:
    """Sums over the days; then, day by day, the measures that do not add up over days."""
    if not any(each.outcome == "staged" for each in days):
        out.print("Nothing would change.")
    elif not found:
        out.print("No total of a day would change: only numbers within a day, or whether it is provisional.")
    if sums := summed(found):
        table = _table(CHANGES, texts=2)
        for source, title, changed, old, new in sums:
            numbers = (f"{changed:,}", f"{old:,}", f"{new:,}", f"{new - old:+,}")
            table.add_row(contracts[source].title, title, *numbers)
        out.print(table)
    single = sorted((each for each in found if not each.adds_up), key=lambda each: each.day)
    if single:
        out.print("逐日（不能跨天相加的指标）：")
        table = _table(DAY_CHANGES, texts=3)
        for each in single[:SHOWN]:
            table.add_row(f"{each.day}", contracts[each.source].title, each.title, *_numbers(each))
        out.print(table)
    if len(single) > SHOWN:
        out.print(f"… 另有 {len(single) - SHOWN:,} 行（--json 列出全部）")


def _table(headings: Sequence[str], texts: int) -> Table:
    """So many columns of text, then numbers; none is cut for the width."""
    table = Table(box=None)
    for place, heading in enumerate(headings):
        table.add_column(heading, justify="left" if place < texts else "right", overflow="fold")
    return table


def _numbers(each: Change) -> tuple[str, str, str]:
    old, new = (_number(value) for value in (each.published, each.staged))
    if each.published is None or each.staged is None:
        return old, new, "-"
    return old, new, f"{each.staged - each.published:+,}"


def _number(value: int | None) -> str:
    return "-" if value is None else f"{value:,}"
