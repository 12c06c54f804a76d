"""Which column is the place and which the id, where an export makes it hard to see."""

from __future__ import annotations

from pathlib import Path

import pytest

from streams.authoring.errors import NoContract
from tests.streams.authoring.tables import at, drafted, evidence_of, left_out_of, types_of

CREDIT_CODES = ("91330300712559654K", "91110000600037341L", "911100001000013428", "91330000142921383T")


def test_a_credit_code_may_be_the_place_and_groups_nothing(tmp_path: Path) -> None:
    rows = [[f"D{n:04d}", at(n), CREDIT_CODES[n % 4], n % 7] for n in range(200)]
    made = drafted(tmp_path, "单号,时间,单位信用代码,数量", rows)
    assert types_of(made)["单位信用代码"] == "uscc"
    assert made.chosen.key.heading == "单位信用代码"
    assert list(made.contract.metrics) == ["events"]


def test_a_place_that_groups_is_preferred_to_a_credit_code(tmp_path: Path) -> None:
    rows = [[f"D{n:04d}", at(n), CREDIT_CODES[n % 4], f"T{n % 30:03d}"] for n in range(200)]
    made = drafted(tmp_path, "单号,时间,单位信用代码,电梯代码", rows)
    assert made.chosen.key.heading == "电梯代码"
    assert list(made.contract.metrics) == ["events", "places"]


@pytest.mark.parametrize(
    ("key", "said"),
    [
        ("数量", "--key 数量: it is a count; a place is a text that is not personal. There are 站点."),
        ("手机号", "--key 手机号: it is personal (mobile); a place is a text that is not personal."),
    ],
)
def test_a_key_that_is_no_place_is_refused_by_name(key: str, said: str, tmp_path: Path) -> None:
    rows = [[at(n), f"Z{n % 5}", n % 7, 13_800_000_000 + n] for n in range(60)]
    with pytest.raises(NoContract) as raised:
        drafted(tmp_path, "时间,站点,数量,手机号", rows, key=key)
    assert said in str(raised.value)


def test_a_number_of_the_file_s_own_lines_is_no_id(tmp_path: Path) -> None:
    rows = [[n + 1, at(n), f"Z{n % 5}", n % 7] for n in range(60)]
    made = drafted(tmp_path, "序号,上报时间,站点,数量", rows)
    assert made.chosen.id is None
    assert left_out_of(made) == {
        "序号": "it counts the lines of this file, 1 to 60: another file would begin with the same ids"
    }
    assert "left out: 序号: it counts the lines of this file" in made.text
    assert "序号" not in (made.mapping or "")


def test_a_number_of_lines_that_the_importer_takes_for_the_id_is_to_be_removed(tmp_path: Path) -> None:
    made = drafted(tmp_path, "编号,时间,站点", [[n + 1, at(n), f"Z{n % 5}"] for n in range(60)])
    assert "remove the column from files" in left_out_of(made)["编号"]


def test_a_number_that_a_system_counts_is_an_id(tmp_path: Path) -> None:
    rows = [[n + 1_001, at(n), f"Z{n % 5}"] for n in range(60)]
    made = drafted(tmp_path, "序号,时间,站点", rows)
    assert made.chosen.id is not None


def test_the_owner_may_say_that_it_is_the_id(tmp_path: Path) -> None:
    rows = [[n + 1, at(n), f"Z{n % 5}"] for n in range(60)]
    made = drafted(tmp_path, "序号,时间,站点", rows, identity="序号")
    assert made.chosen.id is not None


SUMS = ["合计", "", "", "1200", "1,234,567.00"]


@pytest.mark.parametrize("word", ["合计", "总计", "小计", "本页合计", "合 计："])
def test_a_row_of_sums_is_left_out_and_said(word: str, tmp_path: Path) -> None:
    rows = [[f"D{n:05d}", at(n), f"ZD{n % 5:02d}", n % 7, f"{n + 1}.50"] for n in range(300)]
    made = drafted(tmp_path, "单号,时间,站点编号,数量,金额(元)", [*rows, [word, *SUMS[1:]]])
    assert made.sums == (302,)
    assert "line 302: sums (合计, 总计, 小计), no events; left out here." in made.text
    assert made.contract.fields["quantity"].range == (0, 10)
    assert not any(spec.optional for spec in made.contract.fields.values())
    assert (made.chosen.key.heading, made.chosen.id and made.chosen.id.heading) == ("站点编号", "单号")


def test_the_place_is_found_though_one_row_lacks_it(tmp_path: Path) -> None:
    rows = [[f"J{n:05d}", at(n), f"P{n % 12:03d}", f"{n % 90}元整"] for n in range(300)]
    rows[17][2] = ""
    made = drafted(tmp_path, "交易流水号,交易时间,停车场编号,实收金额", rows)
    assert made.chosen.key.heading == "停车场编号"
    assert "1 of 300 are empty" in evidence_of(made, "停车场编号")


def test_a_column_of_money_is_no_place(tmp_path: Path) -> None:
    rows = [[at(n), f"{n % 9}元整"] for n in range(100)]
    with pytest.raises(NoContract, match="no column could be the place"):
        drafted(tmp_path, "时间,实收金额", rows)


def test_every_place_has_the_measures(tmp_path: Path) -> None:
    divisions = ("鹿城区", "龙湾区", "瓯海区", "乐清市")
    rows = [[at(n), divisions[n % 4], f"{n % 90 + 1}.50", 13_800_000_000 + n % 50] for n in range(300)]
    made = drafted(tmp_path, "发放日期,区县,救助金额（元）,联系电话", rows)
    measures = {key: measure.of for key, measure in made.contract.metrics["places"].measures.items()}
    assert made.contract.metrics["places"].by == (made.contract.topic.key,)
    assert list(measures.values()) == ["count", "distinct mobile", "sum jiuzhu_amount_fen"]
