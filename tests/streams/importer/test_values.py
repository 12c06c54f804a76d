"""Cells as people write them, and what becomes of them."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams import reference
from streams.contract.model import FieldSpec
from streams.importer.values import FEN_PER_UNIT, converter, day, division, fen, instant, whole

SHANGHAI = ZoneInfo("Asia/Shanghai")


@pytest.mark.parametrize(
    ("cell", "expected"),
    [
        ("2022-05-04 11:32:08", "2022-05-04T11:32:08+08:00"),
        ("2022-5-4 1:02", "2022-05-04T01:02:00+08:00"),
        ("2022/05/04 11:32", "2022-05-04T11:32:00+08:00"),
        ("2022.05.04", "2022-05-04T00:00:00+08:00"),
        ("2022年5月4日 11时32分08秒", "2022-05-04T11:32:08+08:00"),
        ("2022年5月4日11点32分", "2022-05-04T11:32:00+08:00"),
        ("２０２２－０５－０４　１１：３２", "2022-05-04T11:32:00+08:00"),
        ("20220504", "2022-05-04T00:00:00+08:00"),
        ("20220504113208", "2022-05-04T11:32:08+08:00"),
        ("2022年5月4日 上午2:01", "2022-05-04T02:01:00+08:00"),
        ("2022年5月4日 下午3:02", "2022-05-04T15:02:00+08:00"),
        ("2022/5/4 下午12:30:05", "2022-05-04T12:30:05+08:00"),
        ("2022-05-04 上午12:30", "2022-05-04T00:30:00+08:00"),
        ("2022-05-04 上午13:30", "2022-05-04 上午13:30"),
        (20220504.0, "2022-05-04T00:00:00+08:00"),
        ("2022-05-04T03:32:08Z", "2022-05-04T03:32:08+00:00"),
        ("2022-05-04T11:32:08.5+08:00", "2022-05-04T11:32:08.500000+08:00"),
        (datetime(2022, 5, 4, 11, 32, 8), "2022-05-04T11:32:08+08:00"),  # noqa: DTZ001 (as a workbook has it)
        (date(2022, 5, 4), "2022-05-04T00:00:00+08:00"),
        ("2022-02-30 11:00", "2022-02-30 11:00"),
        ("04/05/2022", "04/05/2022"),
        ("昨天", "昨天"),
    ],
)
def test_a_time_in_any_of_its_forms_is_the_wall_clock_of_the_zone(cell: Any, expected: str) -> None:
    assert instant(cell, SHANGHAI) == expected


def test_a_form_of_its_own_and_another_zone() -> None:
    assert (
        instant("1/2/20 0:05", ZoneInfo("America/Los_Angeles"), "%m/%d/%y %H:%M")
        == "2020-01-02T00:05:00-08:00"
    )
    assert day("04/05/2022", "%d/%m/%Y") == "2022-05-04"


@pytest.mark.parametrize(
    ("cell", "form", "expected"),
    [
        ("1791756019", "epoch seconds", "2026-10-12T06:00:19+08:00"),
        (1791756019, "epoch seconds", "2026-10-12T06:00:19+08:00"),
        (1791756019.0, "epoch seconds", "2026-10-12T06:00:19+08:00"),
        ("1791756019123", "epoch milliseconds", "2026-10-12T06:00:19.123000+08:00"),
        ("4102444800", "epoch seconds", "4102444800"),
        ("999999999", "epoch seconds", "999999999"),
        ("1791756019123", "epoch seconds", "1791756019123"),
        ("1791756019", "epoch milliseconds", "1791756019"),
        ("-1791756019", "epoch seconds", "-1791756019"),
        ("1791756019", None, "1791756019"),
        (True, "epoch seconds", "true"),
    ],
)
def test_a_number_since_1970_is_a_time_only_if_the_mapping_says_so(
    cell: Any, form: str | None, expected: str
) -> None:
    assert instant(cell, SHANGHAI, form) == expected


def test_the_day_of_a_number_since_1970_is_that_of_the_zone() -> None:
    midnight = 1_791_734_400  # 2026-10-12 00:00 in Shanghai
    assert day(midnight, "epoch seconds", SHANGHAI) == "2026-10-12"
    assert day(midnight, "epoch seconds", ZoneInfo("UTC")) == "2026-10-11"


@pytest.mark.parametrize(
    ("cell", "unit", "expected"),
    [
        ("12.50", "元", 1250),
        ("￥1,234.5", "元", 123450),
        (12.5, "元", 1250),
        (0.29, "元", 29),
        (1.1, "元", 110),
        ("3", "万元", 3_000_000),
        ("5", "角", 50),
        ("1250", "分", 1250),
        ("-3", "元", -300),
        ("-1,234,567.8", "元", -123456780),
        ("12.505", "元", "12.505"),
        ("12,5", "元", "12,5"),
        ("1,2345", "元", "1,2345"),
        ("1234,567", "元", "1234,567"),
        (",5", "元", ",5"),
        ("1e400", "元", "1e400"),
        ("NaN", "元", "NaN"),
        ("免费", "元", "免费"),
        (True, "元", "true"),
    ],
)
def test_money_becomes_whole_fen_or_stays_as_it_is(cell: Any, unit: str, expected: Any) -> None:
    assert fen(cell, FEN_PER_UNIT[unit]) == expected


@given(st.integers(-(10**12), 10**12))
def test_every_amount_of_yuan_comes_out_exactly(amount_fen: int) -> None:
    assert fen(f"{Decimal(amount_fen) / 100:,.2f}", FEN_PER_UNIT["元"]) == amount_fen
    if abs(amount_fen) < 10**11:
        assert fen(amount_fen / 100, FEN_PER_UNIT["元"]) == amount_fen


def test_every_division_is_found_by_code_name_and_full_name() -> None:
    for each in reference.divisions():
        assert {division(each.code), division(each.name), division(f"浙江省温州市{each.name}")} == {each.code}
    assert division("鹿城") == "330302"
    assert division("某某区") == "某某区"


@pytest.mark.parametrize(
    ("cell", "expected"),
    [("1,200", 1200), (1200.0, 1200), ("１２", 12), ("1.5", "1.5"), ("1,20", "1,20"), ("", "")],
)
def test_whole_numbers(cell: Any, expected: Any) -> None:
    assert whole(cell) == expected


@pytest.mark.parametrize("cell", ["早餐", " 早 餐 ", "breakfast", "Breakfast"])
def test_a_label_or_a_value_is_the_value(cell: str) -> None:
    spec = FieldSpec(title="餐次", type="enum", values={"breakfast": "早餐", "lunch": "午餐"})
    assert converter(spec, unit=None, zone=SHANGHAI, form=None)(cell) == "breakfast"


def test_an_identity_number_that_a_spreadsheet_took_for_a_number_is_not_made_up() -> None:
    spec = FieldSpec(title="身份证号", type="cn_id", pii="tokenise")
    convert = converter(spec, unit=None, zone=SHANGHAI, form=None)
    assert convert(3.30302194001011e17) == 3.30302194001011e17
    assert convert(" 330302194001011232 ") == "330302194001011232"


@given(st.text() | st.floats() | st.integers() | st.booleans() | st.datetimes())
def test_no_cell_breaks_a_converter(cell: Any) -> None:
    for spec in (
        FieldSpec(title="t", type="timestamp"),
        FieldSpec(title="t", type="date"),
        FieldSpec(title="t", type="fen"),
        FieldSpec(title="t", type="count"),
        FieldSpec(title="t", type="decimal"),
        FieldSpec(title="t", type="bool"),
        FieldSpec(title="t", type="division"),
        FieldSpec(title="t", type="text"),
    ):
        converter(spec, unit="元", zone=SHANGHAI, form=None)(cell)
