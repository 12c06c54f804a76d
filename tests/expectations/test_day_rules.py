"""Every day rule of every contract holds on a sound day, and fails when it should."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pyarrow as pa
import pytest
from pyspark.sql import SparkSession

from expectations.answers import Answer
from expectations.day_rules import is_asked, question
from expectations.questioner import Questioner
from spark_jobs.rollup.build import Built
from streams import reference
from streams.contract.model import Contract, DayRule
from tests.expectations.conftest import CONTRACTS, SUNDAY, TUESDAY, day_of_events

pytestmark = pytest.mark.servers

RULES = [
    pytest.param(contract, name, id=f"{contract.source}-{name}")
    for contract in CONTRACTS.values()
    for name in contract.day_rules
]


def sound_day(contract: Contract) -> list[dict[str, Any]]:
    """A good event for each division and each good example, every one by somebody else."""
    field = next(name for name, spec in contract.fields.items() if spec.type == "division")
    return [
        {**example, field: division.code}
        for division in reference.divisions()
        for example in contract.examples.good
    ]


def answer(questioner: Questioner, contract: Contract, name: str, built: Built) -> Answer:
    asked = question(contract, name, built)
    found = questioner.ask_pandas(f"{contract.source}.{name}", asked.frame, asked.rules, asked.by)
    return next(each for each in found if each.code == f"day:{name}")


@pytest.mark.parametrize(("contract", "name"), RULES)
def test_a_rule_holds_on_a_sound_day_and_fails_on_one_that_breaks_it(
    spark: SparkSession, questioner: Questioner, contract: Contract, name: str
) -> None:
    data = sound_day(contract)
    rule = contract.day_rules[name]
    assert answer(questioner, contract, name, day_of_events(spark, contract, data)).success

    broken = answer(
        Questioner(questioner.home, "broken"), contract, name, _breaking(rule)(spark, contract, rule, data)
    )

    assert not broken.success
    assert broken.title == rule.title
    assert broken.blocks


def _breaking(rule: DayRule) -> Callable[..., Built]:
    if rule.every is not None:
        return _without_one_value
    if rule.adds_up is not None:
        return _with_an_altered_total
    return _with_more_people if rule.metric is not None else _with_a_crowd


def _without_one_value(
    spark: SparkSession, contract: Contract, rule: DayRule, data: list[dict[str, Any]]
) -> Built:
    missing = data[0][rule.every or ""]
    return day_of_events(spark, contract, [each for each in data if each[rule.every or ""] != missing])


def _with_an_altered_total(
    spark: SparkSession, contract: Contract, rule: DayRule, data: list[dict[str, Any]]
) -> Built:
    built = day_of_events(spark, contract, data)
    metric, column = rule.metric or "", rule.adds_up or ""
    table = built.day.metrics[metric]
    figures = table[column].to_pylist()
    figures[0] += 1
    altered = table.set_column(table.column_names.index(column), column, pa.array(figures, pa.int64()))
    return replace(built, day=replace(built.day, metrics={**built.day.metrics, metric: altered}))


def _with_more_people(
    spark: SparkSession, contract: Contract, rule: DayRule, data: list[dict[str, Any]]
) -> Built:
    """More different people (or more of a part) than events."""
    built = day_of_events(spark, contract, data)
    distinct = tuple(replace(each, value=each.value + 10_000) for each in built.day.distinct)
    metrics = dict(built.day.metrics)
    table = metrics[rule.metric or ""]
    part = (rule.that or "").split(" ")[0]
    if part in table.column_names:
        more = pa.array([value + 10_000 for value in table[part].to_pylist()], pa.int64())
        metrics[rule.metric or ""] = table.set_column(table.column_names.index(part), part, more)
    return replace(built, day=replace(built.day, distinct=distinct, metrics=metrics))


def _with_a_crowd(
    spark: SparkSession, contract: Contract, rule: DayRule, data: list[dict[str, Any]]
) -> Built:
    """A thousand different people at one place at once."""
    person = next(measure.field for measure in rule.measures.values())
    first = contract.examples.good[0]
    crowd = [{**first, person or "": f"tk_{number:032x}"} for number in range(1_000)]
    return day_of_events(spark, contract, [*data, *crowd])


def test_a_rule_for_working_days_is_not_asked_on_sundays() -> None:
    rule = next(rule for contract in CONTRACTS.values() for rule in contract.day_rules.values() if rule.on)
    assert is_asked(rule, TUESDAY)
    assert not is_asked(rule, SUNDAY)


def test_a_place_that_is_in_no_reference_table_is_a_warning_that_does_not_block(
    spark: SparkSession, questioner: Questioner
) -> None:
    contract, name = next(
        (contract, name)
        for contract in CONTRACTS.values()
        for name, rule in contract.day_rules.items()
        if rule.reference
    )
    unknown = {**contract.examples.good[0], contract.topic.key: "ST999999"}
    asked = question(contract, name, day_of_events(spark, contract, [unknown]))
    found = {each.code: each for each in questioner.ask_pandas("x.y", asked.frame, asked.rules, asked.by)}
    warning = found[f"day:{name}.reference"]
    assert (warning.success, warning.severity, warning.blocks) == (False, "warning", False)
    assert found[f"day:{name}"].success
