"""A code and a name of the same thing: one of them is a dimension."""

from __future__ import annotations

from pathlib import Path

from tests.streams.authoring.tables import at, drafted, evidence_of

NAMES = ["望江路站", "五马街站", "人民路站", "学院路站", "车站大道站"]


def test_of_a_code_and_a_name_the_name_is_a_dimension(tmp_path: Path) -> None:
    rows = [
        (at(n), f"ZD{n % 7}", f"B{n % 3}", ["早餐", "午餐", "晚餐"][n % 3], "ab"[n % 2]) for n in range(300)
    ]
    made = drafted(tmp_path, "时间,站点编号,类型代码,类型名称,渠道", rows)
    names = {g.heading: g.name for g in made.chosen.fields}
    by = made.contract.metrics["events"].by
    assert names["类型名称"] in by
    assert names["类型代码"] not in by
    said = (
        "each of its 3 values has one 类型名称 and the other way round, in all 300 rows: no dimension beside"
    )
    assert said in evidence_of(made, "类型代码")
    assert said in made.text


def test_the_name_of_the_place_is_no_dimension_beside_the_place(tmp_path: Path) -> None:
    rows = [(at(n), f"ZD{n % 5:03d}", NAMES[n % 5], "ab"[n % 2]) for n in range(300)]
    made = drafted(tmp_path, "时间,站点编号,站点名称,渠道", rows)
    names = {g.heading: g.name for g in made.chosen.fields}
    assert made.chosen.key.heading in ("站点编号", "站点名称")
    other = "站点名称" if made.chosen.key.heading == "站点编号" else "站点编号"
    assert all(names[other] not in metric.by for metric in made.contract.metrics.values())


def test_columns_that_are_not_one_for_one_both_stay(tmp_path: Path) -> None:
    rows = [(at(n), f"ZD{n % 5:03d}", "abc"[n % 3], "xyz"[n % 3 if n else 1]) for n in range(300)]
    made = drafted(tmp_path, "时间,站点编号,类型,渠道", rows)
    names = {g.heading: g.name for g in made.chosen.fields}
    assert {names["类型"], names["渠道"]} <= set(made.contract.metrics["events"].by)


def test_a_few_rows_prove_nothing(tmp_path: Path) -> None:
    rows = [(at(n), "ZD1", "ab"[n % 2], "xy"[n % 2]) for n in range(4)]
    made = drafted(tmp_path, "时间,站点编号,类型,渠道", rows)
    assert not made.chosen.twins
