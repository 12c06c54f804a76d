"""A patch changes what it says it changes, and nothing that it must not."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from streams.contract.loader import load_contract
from streams.contract.model import Contract
from streams.errors import PatchWrong
from streams.patch import STEPS, Patch, apply_patch, check_patch, read_patch
from streams.personal import PersonalData
from streams.settings import REPOSITORY
from streams.tokens import Tokens, is_token

SOURCE = "canteen_meal"
ELDER = "330302194001011232"


@pytest.fixture(scope="module")
def contract() -> Contract:
    return load_contract(REPOSITORY / "streams" / "contracts" / f"{SOURCE}.yaml")


def patched(contract: Contract, data: dict[str, Any], **steps: Any) -> dict[str, Any]:
    patch = Patch(source=SOURCE, why="x", **steps)
    event = {"specversion": "1.0", "id": "1", "data": data}
    (one,) = apply_patch(patch, contract, [json.dumps(event).encode()], None)
    changed = json.loads(one.value)
    assert {**changed, "data": None} == {**event, "data": None}
    found: dict[str, Any] = changed["data"]
    return found


@pytest.mark.parametrize(
    ("steps", "before", "after"),
    [
        ({"rename": {"pay": "paid_fen"}}, {"pay": 700}, {"paid_fen": 700}),
        ({"rename": {"pay": "paid_fen"}}, {"pay": 1, "paid_fen": 2}, {"pay": 1, "paid_fen": 2}),
        ({"replace": {"meal": {"supper": "dinner"}}}, {"meal": "supper"}, {"meal": "dinner"}),
        ({"replace": {"meal": {"supper": "dinner"}}}, {"meal": "lunch"}, {"meal": "lunch"}),
        ({"replace": {"meal": {"3": "dinner"}}}, {"meal": 3}, {"meal": "dinner"}),
        ({"multiply": {"price_fen": 100}}, {"price_fen": 12.5}, {"price_fen": 1250}),
        ({"multiply": {"price_fen": 100}}, {"price_fen": "12.50"}, {"price_fen": 1250}),
        ({"multiply": {"price_fen": 100}}, {"price_fen": "免费"}, {"price_fen": "免费"}),
        ({"multiply": {"price_fen": 100}}, {"price_fen": "1e400000"}, {"price_fen": "1e400000"}),
        ({"multiply": {"price_fen": 100}}, {"price_fen": True}, {"price_fen": True}),
        ({"default": {"channel": "card"}}, {"channel": None}, {"channel": "card"}),
        ({"default": {"channel": "card"}}, {"channel": "qr"}, {"channel": "qr"}),
        ({"set": {"channel": "card"}}, {"channel": "qr"}, {"channel": "card"}),
        ({"remove": ("remark",)}, {"remark": "晴", "meal": "lunch"}, {"meal": "lunch"}),
        ({"rename": {"pay": "paid_fen"}, "multiply": {"paid_fen": 100}}, {"pay": 7}, {"paid_fen": 700}),
    ],
)
def test_each_step(
    contract: Contract, steps: dict[str, Any], before: dict[str, Any], after: dict[str, Any]
) -> None:
    assert patched(contract, before, **steps) == after


@pytest.mark.parametrize("value", [b"", b"{not json", b"[1]", b'{"data": 3}', b'{"a": 1, "a": 2}', None])
def test_what_is_no_event_stays_as_it_is(contract: Contract, value: bytes | None) -> None:
    patch = Patch(source=SOURCE, why="x", set={"channel": "card"})
    assert apply_patch(patch, contract, [value], None)[0].value == (value or b"")


def test_a_raw_number_becomes_its_token_and_a_wrong_one_a_reason(contract: Contract) -> None:
    patch = Patch(source=SOURCE, why="x", tokenise=("elder",))
    tokens = Tokens(b"k" * 32)
    token = tokens.token("somebody")
    values = [json.dumps({"data": {"elder": each}}).encode() for each in (ELDER, ELDER[:-1] + "3", token)]

    right, wrong, before = apply_patch(patch, contract, values, PersonalData(tokens, allow_tokens=True))

    assert (json.loads(right.value)["data"]["elder"], right.reasons) == (tokens.token(ELDER), ())
    assert [reason.code for reason in wrong.reasons] == ["bad_checksum"]
    assert is_token(json.loads(wrong.value)["data"]["elder"])
    assert json.loads(before.value)["data"]["elder"] == token


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("source: canteen_meal\nwhy: x\n", "changes nothing"),
        ("source: station_visit\nwhy: x\nset: {channel: card}\n", "it is for station_visit"),
        ("source: canteen_meal\nwhy: x\nset: {chanel: card}\n", "Did you mean 'channel'?"),
        ("source: canteen_meal\nwhy: x\nset: {elder: somebody}\n", "'elder' is personal"),
        ("source: canteen_meal\nwhy: x\ntokenise: [channel]\n", "'channel' is not a personal field"),
        ("source: canteen_meal\nset: {channel: card}\n", "why"),
        ("source: canteen_meal\nwhy: x\nsett: {channel: card}\n", "sett"),
        ("source: canteen_meal\nwhy: x\nmultiply: {price_fen: lots}\n", "multiply.price_fen"),
        ("source: canteen_meal\nwhy: x\nset: {channel: card}\nset: {channel: qr}\n", "duplicate key"),
    ],
)
def test_a_wrong_patch_is_refused_with_what_is_wrong(
    contract: Contract, tmp_path: Path, text: str, said: str
) -> None:
    file = tmp_path / "patch.yaml"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(PatchWrong) as refused:
        check_patch(read_patch(file), contract)
    assert said in str(refused.value)


def test_the_example_of_the_operators_page_fits_its_contract(contract: Contract, tmp_path: Path) -> None:
    page = (REPOSITORY / "docs" / "operator.md").read_text(encoding="utf-8")
    file = tmp_path / "patch.yaml"
    file.write_text(page.split("```yaml\n")[1].split("```")[0], encoding="utf-8")
    found = read_patch(file)
    check_patch(found, contract)
    assert all(getattr(found, step) for step in STEPS)
