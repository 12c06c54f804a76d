"""Great Expectations and the judge agree about objects, lists and rules of uniqueness too."""

from __future__ import annotations

from copy import deepcopy
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from pyspark.sql import SparkSession

import tests.streams.judge
from expectations.questioner import Questioner
from spark_jobs.rollup import totals
from streams.contract.loader import load_contract
from streams.contract.tables import metric_tables
from tests.expectations.conftest import frame, values
from tests.expectations.test_agreement import failed, verdicts

pytestmark = pytest.mark.servers

FOLDER = Path(tests.streams.judge.__file__).parent
ZOO = load_contract(FOLDER / "zoo.yaml")
TOKEN = "tk_00000000000000000000000000000003"
CUB = {"name": "咪", "sex": "m", "grams": 900, "born": "2022-01-31", "length": 0.5, "finder": TOKEN}


def animals(*changes: dict[str, Any]) -> list[str]:
    """Events, each of its own cage, with home and cubs that are right but for the changes."""
    made = []
    for number, change in enumerate(changes):
        data = {
            **deepcopy(ZOO.examples.good[0]), "cage": f"A{number:03d}", "keeper": f"tk_{number:032x}",
            "home": {"street": "AB", "floor": 0}, "cubs": [CUB, CUB], **change,
        }  # fmt: skip
        made.append({name: value for name, value in data.items() if value is not ...})
    return values(ZOO, made, date(2022, 6, 14))


RIGHT = animals(
    {}, {"home": ...}, {"home": None}, {"cubs": ...}, {"cubs": []}, {"cubs": [CUB]},
    {"cubs": [{"name": "a'b\\", "sex": "1", "grams": 1.0, "born": None}]},
    {"home": {"street": "ZZ", "guard": TOKEN, "remark": "好"}}, {"tame": False, "amount": 5000},
)  # fmt: skip

WRONG: dict[str, list[dict[str, Any]]] = {
    "home__street.pattern": [{"home": {"street": "ab"}}],
    "home__floor.range": [{"home": {"street": "AB", "floor": 51}}],
    "home__guard.token": [{"home": {"street": "AB", "guard": "330302194001011232"}}],
    "home__remark.length": [{"home": {"street": "AB", "remark": "长" * 21}}],
    "cubs__count.range": [{"cubs": [CUB] * 5}],
    "cubs[].name.required": [{"cubs": [CUB, {**CUB, "name": None}]}],
    "cubs[].name.length": [{"cubs": [{**CUB, "name": "x" * 9}]}],
    "cubs[].sex.known": [{"cubs": [CUB, {**CUB, "sex": "x"}]}],
    "cubs[].grams.range": [{"cubs": [{**CUB, "grams": 0}]}, {"cubs": [{**CUB, "grams": 1.5}]}],
    "cubs[].born.sound": [{"cubs": [{**CUB, "born": "2022-02-30"}]}],
    "cubs[].length.range": [{"cubs": [{**CUB, "length": 9.6}]}],
    "cubs[].finder.token": [{"cubs": [CUB, {**CUB, "finder": "13800138000"}]}],
    "check:roomy": [{"cubs": [CUB] * 3, "home": {"street": "AB", "floor": 1}}],
    "unique:one_cage": [{"cage": "A001"}, {"cage": "A001"}],
    "unique:two_homes": [{"keeper": TOKEN}] * 3,
}  # fmt: skip


def test_what_is_right_within_passes_every_rule(spark: SparkSession, questioner: Questioner) -> None:
    assert [verdict["reasons"] for verdict in verdicts(ZOO, RIGHT)] == [None] * len(RIGHT)
    assert failed(spark, questioner, ZOO, RIGHT) == {}


def test_what_is_wrong_within_fails_the_rule_about_it(spark: SparkSession, questioner: Questioner) -> None:
    """Every fault is one that the judge rejects, and its rule is among those that fail for all of them."""
    texts = animals(*(change for changes in WRONG.values() for change in changes))
    for name, changes in WRONG.items():
        found = [verdict["accepted"] for verdict in verdicts(ZOO, animals(*changes))]
        assert not found[-1], name
    assert failed(spark, questioner, ZOO, texts).keys() >= WRONG.keys()


def test_flat_names_group_and_are_added_up(spark: SparkSession) -> None:
    tables = {table.metric: table for table in metric_tables(ZOO)}
    seen = frame(spark, ZOO, RIGHT)
    homes = totals.additive(seen, tables["homes"]).toPandas().set_index("home__street")["animals"].to_dict()
    assert {key: count for key, count in homes.items() if isinstance(key, str)} == {"AB": 6, "ZZ": 1}
    assert int(totals.additive(seen, tables["animals"]).toPandas()["cubs"].sum()) == 2 * 5 + 1 + 1
