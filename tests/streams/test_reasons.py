"""What an operator reads names the source, the place and the field, in Chinese."""

from __future__ import annotations

import ast
import inspect
import re
from collections.abc import Iterator
from pathlib import Path
from typing import get_args

import pytest

import streams
from streams import personal
from streams.envelope import Reason
from streams.reasons import REASONS, text
from streams.strict_json import Code
from tests.streams.judge.batches import CONTRACTS, ZOO, animal, encoded, event, verdict

MEAL = CONTRACTS["canteen_meal"]


@pytest.mark.parametrize(
    ("reason", "sentence"),
    [
        (
            Reason("unique:meal_slot", None, "首次：分区 0 位置 7，接收时间 2026-05-04 12:00:00"),
            "「老年食堂用餐」（ST302001）：同一老人同一餐次只能用一餐"
            "（首次：分区 0 位置 7，接收时间 2026-05-04 12:00:00）",
        ),
        (
            Reason("wrong_type", "price_fen", "“免费”"),
            "「老年食堂用餐」（ST302001）：「餐费」类型不对：应为整数，收到「“免费”」",
        ),
        (Reason("missing", "meal"), "「老年食堂用餐」（ST302001）：缺少「餐次」"),
        (
            Reason("out_of_range", "price_fen", "-1"),
            "「老年食堂用餐」（ST302001）：「餐费」超出范围（100 至 5000），收到「-1」",
        ),
        (Reason("check:price_split"), "「老年食堂用餐」（ST302001）：餐费应等于补贴加自付"),
        (
            Reason("bad_envelope", "id", "missing"),
            "「老年食堂用餐」（ST302001）：CloudEvents 信封不合规：id缺少",
        ),
        (
            Reason("unknown_field", "{x.__class__}"),
            "「老年食堂用餐」（ST302001）：多出了契约中没有的字段「{x.__class__}」",
        ),
    ],
)
def test_a_reason_reads_as_a_sentence(reason: Reason, sentence: str) -> None:
    assert text(reason, MEAL, place="ST302001") == sentence


def test_a_source_without_contract_is_named_as_it_stands() -> None:
    assert (
        text(Reason("unknown_source"), None, source="aquarium")
        == "「aquarium」：没有这个来源的数据契约，或该来源已停用"
    )


@pytest.mark.parametrize("code", REASONS)
def test_every_sentence_is_whole_even_without_details(code: str) -> None:
    for field in (None, "cage", "nothing"):
        sentence = text(Reason(code, field), ZOO)
        assert "{" not in sentence
        assert "None" not in sentence


CODE_AT = {"Reason": 0, "Rule": 0, "JsonRefused": 0, "Row": 2, "Line": 2}
"""Call that takes the code of a reason -> at which place."""


def codes_in(tree: ast.Module) -> Iterator[str]:
    """The codes that a module's calls give as texts or as constants of the module."""
    constants = {
        target.id: node.value.value
        for node in tree.body
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Constant)
        for target in node.targets
        if isinstance(target, ast.Name)
    }
    for call in ast.walk(tree):
        name = call.func.id if isinstance(call, ast.Call) and isinstance(call.func, ast.Name) else None
        if not isinstance(call, ast.Call) or len(call.args) <= CODE_AT.get(str(name), len(call.args)):
            continue
        match call.args[CODE_AT[str(name)]]:
            case ast.Constant(str(code)):
                yield code
            case ast.Name(constant) if constant in constants:
                yield constants[constant]
            case ast.IfExp(body=ast.Constant(str(code))):
                yield code


def test_every_code_that_anything_gives_has_its_texts() -> None:
    files = Path(streams.__file__).parent.rglob("*.py")
    used = {code for file in files for code in codes_in(ast.parse(file.read_text("utf-8")))}
    in_sql = set(re.findall("then '([a-z_]+)'", inspect.getsource(personal)))
    assert used >= {
        "too_old", "wrong_type", "too_deep", "bad_time", "bad_envelope", "unknown_source", "undecidable",
        "forbidden_source", "too_many_cells",
    }  # fmt: skip
    assert in_sql == {"bad_pattern", "bad_checksum"}
    assert used | in_sql | set(get_args(Code)) == REASONS.keys()


def test_reasons_that_the_judge_gives_can_be_read() -> None:
    found = verdict(
        encoded(event(animal(amount="free", cage="A1", kind=..., keeper=1, weather="晴", order=2**60)))
    )
    sentences = [text(Reason(**reason), ZOO) for reason in found["reasons"]]
    assert sentences == [
        "「动物园」：「笼号」格式不对，收到「A1」",
        "「动物园」：缺少「种类」",
        "「动物园」：「饲养员身份证号」含有未脱敏的个人信息",
        "「动物园」：「金额」类型不对：应为整数，收到「“free”」",
        "「动物园」：「序号」超出范围（-1000000000000 至 1000000000000），收到「115****************」",
        "「动物园」：多出了契约中没有的字段「weather」",
        "「动物园」：序号的立方须可计算",
    ]
