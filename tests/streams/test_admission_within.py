"""Personal values within objects and lists are checked and become tokens, like those beside them."""

from __future__ import annotations

import json
from copy import deepcopy
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from streams.admission import Admission
from streams.contract.json_schema import event_schema
from streams.tokens import Tokens
from tests.streams.judge.batches import RECEIVED, event
from tests.streams.judge.test_nested import AVIARY, flock

TOKENS = Tokens.of("k" * 32)
ADMISSION = Admission({"aviary": AVIARY}, "events.", TOKENS)
KEEPER, FINDER = "330302194001011232", "13800138000"


def sent(**changes: Any) -> dict[str, Any]:
    """An event as a department sends it: persons as they are."""
    bird = {"ring": "R1", "tame": True, "finder": FINDER}
    return event(flock(**{"home__keeper": KEEPER, "birds": [bird, dict(bird)], **changes}), type="aviary")


def test_persons_within_are_tokens_in_the_record_and_the_senders_event_is_untouched() -> None:
    given = sent()
    before = deepcopy(given)
    (verdict,) = ADMISSION.admit([given], RECEIVED)
    assert verdict.record is not None, verdict.reasons
    data = json.loads(verdict.record.value)["data"]
    assert data["home"]["keeper"] == TOKENS.token(KEEPER)
    assert [bird["finder"] for bird in data["birds"]] == [TOKENS.token(FINDER)] * 2
    assert KEEPER.encode() not in verdict.record.value
    assert FINDER.encode() not in verdict.record.value
    assert given == before


@pytest.mark.parametrize(
    ("changes", "code", "field"),
    [
        ({"home__keeper": KEEPER[:-1] + "9"}, "bad_checksum", "home__keeper"),
        ({"birds": [{"ring": "R1", "tame": True, "finder": "12345"}]}, "bad_pattern", "birds[1]__finder"),
        ({"birds": [{"ring": "R1", "tame": True, "finder": 13800138000}]}, "wrong_type", "birds[1]__finder"),
        ({"birds": [{"finder": FINDER}] * 1_000}, "too_many", "birds"),
        ({"home": [KEEPER]}, "wrong_type", "home"),
        ({"birds": [KEEPER]}, "wrong_type", "birds[1]"),
        ({"home": None}, "missing", "home"),
    ],
)
def test_what_is_wrong_within_is_refused_by_its_place(changes: dict[str, Any], code: str, field: str) -> None:
    (verdict,) = ADMISSION.admit([sent(**changes)], RECEIVED)
    assert verdict.record is None
    assert verdict.reasons[0][:2] == (code, field)
    assert KEEPER not in str(verdict.reasons)
    assert FINDER not in str(verdict.reasons)


def test_the_json_schema_says_what_may_stand_within() -> None:
    schema = event_schema(AVIARY)
    Draft202012Validator.check_schema(schema)
    validator = Draft202012Validator(schema)
    assert [error.message for error in validator.iter_errors(sent())] == []
    for changes in (
        {"home": None}, {"home__colour": "red"}, {"birds": [{"ring": "R1"}]}, {"birds": [{}] * 4},
        {"birds": {}}, {"home__township": "330302999"}, {"home__floor": 51},
    ):  # fmt: skip
        assert not validator.is_valid(sent(**changes)), changes


def test_an_event_says_under_which_version_of_the_contract_it_was_made() -> None:
    """It is judged by the one that is deployed, whatever it says; where it is refused, that is said too."""
    (refused,) = ADMISSION.admit([{**sent(home__floor=99), "dataschema": "aviary/0123456789ab"}], RECEIVED)
    assert [reason.code for reason in refused.reasons] == ["out_of_range", "other_version"]
    (accepted,) = ADMISSION.admit([{**sent(), "dataschema": f"aviary/{AVIARY.version}"}], RECEIVED)
    assert accepted.record is not None
    (elder,) = ADMISSION.admit([{**sent(), "dataschema": "aviary/0123456789ab"}], RECEIVED)
    assert elder.record is not None
