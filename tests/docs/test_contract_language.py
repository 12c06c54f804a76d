"""The reference of the contract language names all that a contract can say, and what it shows loads."""

from __future__ import annotations

import re

import pytest
import yaml

from streams.contract import expressions, model
from streams.contract.loader import parse_contract
from streams.contract.rules.examples import EXAMPLE_CODES
from streams.contract.types import NAMED_TYPES
from streams.settings import REPOSITORY
from tests.streams.contract.seeded_cases import SOUND_CASES

PAGE = (REPOSITORY / "docs" / "contract-language.md").read_text(encoding="utf-8")
SECTIONS = dict(re.findall(r"^##+ `?([A-Za-z_ ]+?)`?\n(.*?)(?=^##|\Z)", PAGE, re.MULTILINE | re.DOTALL))
MODELS = {
    "The contract": model.Contract, "topic": model.Topic, "fields": model.FieldSpec, "checks": model.Check,
    "unique": model.Unique, "life_cycle": model.LifeCycle, "metrics": model.Metric, "expect": model.Expect,
    "day_rules": model.DayRule, "simulate": model.Simulated,
}  # fmt: skip


@pytest.mark.parametrize("section", MODELS)
def test_every_key_stands_in_its_section(section: str) -> None:
    words = set(re.findall(r"[a-z_]+", " ".join(re.findall(r"`([^`]+)`", SECTIONS[section]))))
    assert [key for key in MODELS[section].model_fields if key not in words] == []


def test_keys_that_stand_within_others_are_explained() -> None:
    for key in (*model.Accept.model_fields, *model.Examples.model_fields):
        assert f"`{key}`" in PAGE, key
    for key in {*model.Measure.model_fields, *model.Ratio.model_fields}:
        assert re.search(rf"\b{key}\b", SECTIONS["metrics"]), key
    for key in ("because", "field", "change", "without", "time", "before"):
        assert f"| `{key}` |" in SECTIONS["examples"], key


def test_types_aggregates_functions_and_reasons_are_all_there() -> None:
    assert [name for name in NAMED_TYPES if f"| `{name}` |" not in PAGE] == []
    assert [name for name in model.AGGREGATES if not re.search(rf"`{name}\b", SECTIONS["metrics"])] == []
    listed = [*expressions.FUNCTIONS.split(", "), *expressions.OPERATORS.split(", ")]
    assert [name for name in listed if f"`{name}`" not in SECTIONS["checks"]] == []
    assert [code for code in EXAMPLE_CODES if f"`{code}`" not in SECTIONS["examples"]] == []


def test_the_fields_shown_are_those_of_a_contract_that_loads() -> None:
    """Object and list as they are shown stand in for those of a contract of the tests."""
    (shown,) = re.findall(r"```yaml\n(  home:.*?)```", PAGE, re.DOTALL)
    begin, end = SOUND_CASES.index("  home:"), SOUND_CASES.index("checks:")
    contract = parse_contract(SOUND_CASES[:begin] + shown + SOUND_CASES[end:], "repair_case.yaml")
    assert {"home__floor", "parts__count"} <= contract.columns.keys()


def test_everything_shown_is_yaml() -> None:
    for text in re.findall(r"```yaml\n(.*?)```", PAGE, re.DOTALL):
        assert yaml.safe_load(text)
