"""Rules about a metric's rows hold for sound ones and fail for each kind of unsound one."""

from __future__ import annotations

from typing import Any

import pandas as pd
import pytest

from expectations.questioner import Questioner
from expectations.total_rules import accepted_rules, asked, total_rules
from streams.contract.tables import metric_tables
from tests.expectations.conftest import CONTRACTS

CONTRACT = CONTRACTS["canteen_meal"]
TABLE = metric_tables(CONTRACT)[0]
SOUND = {
    "division": "330302", "meal": "lunch", "meals": 2, "price_fen": 2_000, "subsidy_fen": 500,
    "mean_price__sum": 2_000, "mean_price__count": 2,
}  # fmt: skip


def failing(questioner: Questioner, *rows: dict[str, Any], accepted: int = 2) -> set[str]:
    frame = pd.DataFrame(rows, columns=list(SOUND)).astype({"division": "string", "meal": "string"})
    rules = [*total_rules(CONTRACT, TABLE), *accepted_rules(TABLE, accepted)]
    found = questioner.ask_pandas(
        "canteen_meal.meals", asked(frame, CONTRACT, TABLE), rules, TABLE.dimensions
    )
    return {answer.code for answer in found if not answer.success}


def test_sound_rows_pass(questioner: Questioner) -> None:
    assert failing(questioner, SOUND) == set()


def test_no_rows_pass(questioner: Questioner) -> None:
    assert failing(questioner, accepted=0) == set()


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"division": "110101"}, "division.known"),
        ({"division": None}, "division.required"),
        ({"meal": "supper"}, "meal.known"),
        ({"meals": -1}, "meals.not_negative"),
        ({"meals": 3}, "meals.sum"),
        ({"price_fen": 10_001}, "price_fen.bound"),
        ({"subsidy_fen": -1}, "subsidy_fen.bound"),
        ({"mean_price__sum": 199}, "mean_price__sum.bound"),
    ],
)
def test_an_unsound_row_fails_its_rule(questioner: Questioner, change: dict[str, Any], code: str) -> None:
    assert code in failing(questioner, {**SOUND, **change})


def test_two_rows_of_one_group_fail(questioner: Questioner) -> None:
    assert "one_row" in failing(questioner, SOUND, SOUND, accepted=4)
