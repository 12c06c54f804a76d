"""Nothing of a sample that leads to a person comes into a contract, whatever its column is called."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from streams.authoring.review import warnings
from streams.contract.loader import parse_contract
from streams.settings import REPOSITORY
from tests.streams.authoring.tables import at, drafted, evidence_of, left_out_of, types_of

NAMES = ("杨兰", "王刚", "王洋", "赵强明", "周桂伟", "周霞", "孙超", "褚勇霞")
PAGE = (REPOSITORY / "docs" / "data-engineer.md").read_text(encoding="utf-8")
SOUND = re.findall(r"```yaml\n(.*?)```", PAGE, re.S)[0]


def with_field(said: str) -> str:
    """A sound contract with one more field."""
    before, fields, after = SOUND.partition("\nfields:")
    rest, line, more = after.partition("\n")
    assert fields
    return f"{before}{fields}{rest}{line}  shown: {said}\n{more}"


@pytest.mark.parametrize("heading", ["网格员", "司机", "驾驶员", "值班医生", "收银员", "带班老师", "处理"])
def test_few_names_of_staff_are_no_choice(heading: str, tmp_path: Path) -> None:
    rows = [[f"D{n:04d}", at(n), f"Z{n % 5}", NAMES[n % 8]] for n in range(300)]
    made = drafted(tmp_path, f"单号,时间,站点,{heading}", rows)
    assert left_out_of(made)[heading].startswith("names of people")
    assert not [name for name in NAMES if name in made.text + (made.mapping or "")]


CHOICES = {
    "颜色": ("白色", "黄色", "金色", "红色", "蓝色"),
    "材质": ("金属", "石材", "木材", "塑料"),
    "会员": ("金卡", "白金卡", "普通", "龙卡"),
    "片区": ("江东", "江南", "江西", "江北", "江心"),
    "街道": ("龙港镇", "江北街道", "白石镇", "金乡镇", "马站镇", "万全镇"),
    "成员": ("张三", "李四"),
}


@pytest.mark.parametrize("heading", CHOICES)
def test_choices_that_begin_like_names_stay_choices(heading: str, tmp_path: Path) -> None:
    values = CHOICES[heading]
    rows = [[f"D{n:04d}", at(n), f"Z{n % 5}", values[n % len(values)]] for n in range(300)]
    made = drafted(tmp_path, f"单号,时间,站点,{heading}", rows)
    assert types_of(made)[heading] == "enum"


LEADING = {
    "手机号": ("138****{:04d}", "its digits are masked"),
    "身份证号": ("330302********{:04d}", "its digits are masked"),
    "银行卡": ("6228 **** **** {:04d}", "its digits are masked"),
    "护照号": ("E7859{:04d}", "numbers or accounts of people"),
    "学号": ("202300{:04d}", "numbers or accounts of people"),
    "微信": ("wxid_22cedafb{:04d}", "numbers or accounts of people"),
    "openid": ("oGZUI0egBJY1zhBYw2K_{:04d}", "numbers or accounts of people"),
    "房号": ("1幢1单元{:04d}室", "a dwelling"),
    "出生日期": ("{:04d}-01-01", "a date of birth"),
}


@pytest.mark.parametrize("heading", LEADING)
def test_what_leads_to_a_person_is_left_out(heading: str, tmp_path: Path) -> None:
    form, why = LEADING[heading]
    rows = [[f"D{n:04d}", at(n), f"Z{n % 5}", form.format(1_940 + n % 60)] for n in range(300)]
    made = drafted(tmp_path, f"单号,时间,站点,{heading}", rows)
    assert left_out_of(made)[heading].startswith(why)
    assert form.format(1_950) not in made.text


@pytest.mark.parametrize(
    ("heading", "kind"), [("出生人数", "count"), ("是否有居住证", "bool"), ("微信支付金额(元)", "fen")]
)
def test_what_only_sounds_so_is_kept(heading: str, kind: str, tmp_path: Path) -> None:
    cells = {"bool": ("是", "否"), "fen": ("1.50", "2.50")}.get(kind, ("3", "17"))
    rows = [[f"D{n:04d}", at(n), f"Z{n % 5}", cells[n % 2]] for n in range(300)]
    made = drafted(tmp_path, f"单号,时间,站点,{heading}", rows)
    assert types_of(made)[heading] == kind
    assert "300 of 300" in evidence_of(made, heading)


WARNED = {
    "names of staff": (
        "{title: 收银员, type: enum, values: {杨兰: 杨兰, 王刚: 王刚}}",
        "its values look like names of people",
    ),
    "names under any heading": (
        "{title: 处理, type: enum, values: {杨兰: 杨兰, 王刚: 王刚, 周霞: 周霞, 孙超: 孙超, 赵强明: 赵强明}}",
        "its values look like names of people",
    ),
    "a passport": ("{title: 护照号, type: text, max_length: 20}", "it is called '护照号'"),
    "a student": (r"{title: 学号, type: text, pattern: '\d{10}'}", "it is called '学号'"),
    "an account": ("{title: 微信, type: text, max_length: 40}", "it is called '微信'"),
    "a dwelling": ("{title: 房号, type: text, max_length: 40}", "it is called '房号'"),
    "a date of birth": ("{title: 出生日期, type: date}", "it is called '出生日期'"),
}


@pytest.mark.parametrize("kind", WARNED)
def test_a_contract_that_shows_a_person_is_warned_of(kind: str) -> None:
    said, message = WARNED[kind]
    text = with_field(f"{said[:-1]}, optional: true}}")
    found = [str(problem) for problem in warnings(parse_contract(text, "a.yaml"), "a.yaml")]
    assert any(f"'shown' may be personal and is not marked: {message}" in line for line in found), found


def test_a_choice_is_not_warned_of() -> None:
    said = "{title: 会员等级, type: enum, optional: true, values: {金卡: 金卡, 白金卡: 白金卡, 普通: 普通}}"
    text = with_field(said)
    found = [str(problem) for problem in warnings(parse_contract(text, "a.yaml"), "a.yaml")]
    assert not [line for line in found if "may be personal" in line]
