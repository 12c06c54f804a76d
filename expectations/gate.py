"""The gate: everything that is asked of a day before it is published."""

from __future__ import annotations

from collections.abc import Iterator

import great_expectations.expectations as gxe
from pyspark.sql import DataFrame
from pyspark.sql import functions as F  # noqa: N812 (what everybody calls it)

from expectations import event_rules, groups, total_rules, wording
from expectations.answers import Answer
from expectations.day_rules import questions
from expectations.questioner import Questioner
from expectations.rule import Rule, rule
from spark_jobs.rollup.build import Built
from spark_jobs.rollup.day import Day
from streams.contract.tables import Column, metric_tables

SEPARATOR = "\x1f"


def ask(questioner: Questioner, built: Built) -> list[Answer]:
    """Every answer about a day: its events one by one, its ids, its metrics, its day rules.

    Raises CannotDerive where the contract says something that has no expectation, CannotEvaluate where one
    raised.
    """
    day, source = built.day, built.day.contract.source
    events = with_sums(event_rules.asked(built.events, day.contract), day)
    rules = [*event_rules.event_rules(day.contract, day.day), *published_rules(day)]
    found = questioner.ask_spark(f"{source}.events", events, rules)
    found += questioner.ask_spark(f"{source}.ids", ids(built.events), list(id_rules(day)))
    for table in metric_tables(day.contract):
        frame = total_rules.asked(groups.frame_of(day, table), day.contract, table)
        asked = [
            *total_rules.total_rules(day.contract, table),
            *total_rules.accepted_rules(table, day.counts.accepted),
        ]
        found += questioner.ask_pandas(f"{source}.{table.metric}", frame, asked, table.dimensions)
    for each in questions(day.contract, built):
        found += questioner.ask_pandas(f"{source}.day_{each.name}", each.frame, each.rules, each.by)
    return found


def published_rules(day: Day) -> Iterator[Rule]:
    """That the events, counted and added up one by one, are what would be published."""
    accepted = day.counts.accepted
    title = wording.text(wording.COUNTED, count=accepted)
    yield rule("events.count", title, gxe.ExpectTableRowCountToEqual, value=accepted)
    if accepted == 0:
        return
    for metric, column in _sums(day):
        total = sum(value.as_py() for value in day.metrics[metric][column.name])
        title = wording.text(wording.TOTAL, title=column.title)
        name = f"{column.field}__summed"
        kind = gxe.ExpectColumnSumToBeBetween
        yield rule(
            f"{metric}.{column.name}.total", title, kind, column=name, min_value=total, max_value=total
        )


def with_sums(events: DataFrame, day: Day) -> DataFrame:
    """`events` with `<field>__summed`: 0 where the field is absent, so that it can be added up."""
    fields = {column.field for _, column in _sums(day) if column.field is not None}
    summed = {f"{field}__summed": F.coalesce(F.col(field), F.lit(0)) for field in sorted(fields)}
    return events.withColumns(summed) if summed else events


def ids(events: DataFrame) -> DataFrame:
    """`key`: sender and id of each event, as Spark reads them."""
    return events.select(F.concat_ws(SEPARATOR, "_source", "_id").alias("key"))


def id_rules(day: Day) -> Iterator[Rule]:
    """That no event counts twice."""
    accepted = day.counts.accepted
    kind = gxe.ExpectColumnUniqueValueCountToBeBetween
    yield rule("events.once", wording.ONCE, kind, column="key", min_value=accepted, max_value=accepted)


def _sums(day: Day) -> Iterator[tuple[str, Column]]:
    for table in metric_tables(day.contract):
        for column in table.columns:
            if column.aggregate == "sum":
                yield table.metric, column
