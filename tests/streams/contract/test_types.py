"""Named types: their SQL agrees with python-stdnum, never raises, and accepts what their makers make."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from random import Random

import duckdb
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from stdnum import luhn
from stdnum.cn import ric, uscc

from streams import reference
from streams.contract.model import FieldSpec
from streams.contract.types import NAMED_TYPES, NamedType

DIGITS = "0123456789"
USCC = "0123456789ABCDEFGHJKLMNPQRTUWXY"
Holds = Callable[[str, str], bool]


@pytest.fixture(scope="module")
def holds() -> Iterator[Holds]:
    """Whether a text fulfils both rules (format, checksum) of a named type, as DuckDB sees it."""
    with duckdb.connect(config={"threads": 1}) as connection:

        def ask(type_name: str, value: str) -> bool:
            named = NAMED_TYPES[type_name]
            rules = [rule for rule in (named.format_sql("v"), named.checksum_sql("v")) if rule]
            row = connection.execute(
                f"select {' and '.join(rules)} from (select $1::varchar as v)", [value]
            ).fetchone()
            assert row is not None
            assert isinstance(row[0], bool), "a rule is true or false for every text"
            return row[0]

        yield ask


def test_published_numbers_are_right(holds: Holds) -> None:
    """Examples that python-stdnum and Wikipedia print."""
    assert holds("cn_id", "360426199101010071")
    assert holds("uscc", "91110000600037341L")
    assert holds("bank_card", "4111111111111111")
    assert not holds("cn_id", "360426199101010072")
    assert not holds("uscc", "911100006000373411")
    assert not holds("bank_card", "4111111111111112")


ids = st.builds(
    lambda place, year, month, day, order: f"{place}{year:04d}{month:02d}{day:02d}{order:03d}",
    st.sampled_from(["330302", "110101", "440305", "650102"]),
    st.integers(1880, 2110),
    st.integers(0, 13),
    st.integers(0, 32),
    st.integers(0, 999),
)


@given(ids, st.sampled_from([*DIGITS, "X", "x", "*"]), st.booleans())
@example("33030219000229123", "0", True)  # 1900 was no leap year
@example("33030220000229123", "0", True)
def test_identity_numbers_are_judged_as_stdnum_does(holds: Holds, body: str, last: str, right: bool) -> None:
    number = body + (ric.calc_check_digit(body + "0") if right else last)
    try:
        ric.get_birth_date(number)
        expected = ric.calc_check_digit(number) == number[-1] and 1890 <= int(number[6:10]) <= 2099
    except ric.InvalidComponent:
        expected = False
    if not 1800 <= int(number[6:10]) <= 2099:
        expected = False
    assert holds("cn_id", number) is expected


@given(
    st.text(DIGITS, min_size=8, max_size=8),
    st.text(USCC, min_size=9, max_size=9),
    st.sampled_from(USCC),
    st.booleans(),
)
def test_credit_codes_are_judged_as_stdnum_does(
    holds: Holds, digits: str, body: str, last: str, right: bool
) -> None:
    number = digits + body
    number += uscc.calc_check_digit(number) if right else last
    assert holds("uscc", number) is uscc.is_valid(number)


@given(st.text(DIGITS, min_size=11, max_size=18), st.sampled_from(DIGITS), st.booleans())
def test_bank_cards_are_judged_as_stdnum_does(holds: Holds, body: str, last: str, right: bool) -> None:
    number = body + (luhn.calc_check_digit(body) if right else last)
    assert holds("bank_card", number) is (luhn.is_valid(number) and number[0] != "0")


@pytest.mark.parametrize("name", [name for name, named in NAMED_TYPES.items() if named.format])
@given(text=st.text(max_size=40))
@example(text="")
@example(text="330302194001011232\n")
@example(text="３３０３０２１９４００１０１１２３２")
@example(text="' or 1=1 --")
@example(text="\x00")
@example(text="9" * 40)
@example(text="{value}")
def test_no_text_makes_a_rule_raise(holds: Holds, name: str, text: str) -> None:
    holds(name, text)  # asserts that the answer is true or false


@pytest.mark.parametrize(
    "name",
    [
        "cn_id",
        "mobile",
        "bank_card",
        "insurance_no",
        "plate",
        "address",
        "uscc",
        "division",
        "township",
        "date",
        "timestamp",
    ],
)
def test_what_the_maker_makes_is_accepted_and_differs(name: str) -> None:
    spec = FieldSpec(title="值", type=name)
    named = NAMED_TYPES[name]
    made = [named.make(Random(seed), spec) for seed in range(200)]
    rules = " and ".join(rule for rule in (named.format_sql("v"), named.checksum_sql("v")) if rule)
    assert (
        duckdb.execute(f"select v from (select unnest($1) as v) where not {rules}", [made]).fetchall() == []
    )
    assert made == [named.make(Random(seed), spec) for seed in range(200)]
    assert len(set(made)) > (100 if not named.labels else 5)


@pytest.mark.parametrize(
    ("name", "right", "wrong"),
    [
        (
            "mobile",
            ["13800000000", "19912345678"],
            ["12800000000", "1380000000", "138000000001", "+8613800000000"],
        ),
        (
            "plate",
            [
                "浙C12345",
                "浙C1234A",
                "浙CD12345",
                "浙CDA1234",
                "浙C12345D",
                "京A0B1C2",
                "粤B1234港",
                "新A1234挂",
            ],
            [
                "C12345",
                "浙c12345",
                "浙C1234",
                "浙CI2345",
                "浙C123456",
                "浙C1234567",
                "温C12345",
                "浙C12345挂",
            ],
        ),
        (
            "person_name",
            ["王伟", "欧阳修文", "阿卜杜拉·买买提", "𠮷田", "古丽·阿依·努尔"],
            ["王", "John", "王*", "王伟1", "某某某某某某某", "王 伟", "·王伟", "王伟·"],
        ),
        ("address", ["人民路1号", "鹿城区五马街道 3幢"], ["人民路", "a\nb c d", "<b>人民路1号", "路" * 121]),
        ("insurance_no", ["330302001", "A12345678"], ["AB1234567", "12345678", "1" * 21]),
        (
            "date",
            ["2020-02-29", "1999-12-31"],
            ["2021-02-29", "2021-13-01", "2021-1-1", "20210101", "2021-01-01 "],
        ),
        (
            "timestamp",
            ["2022-01-01T08:00:00+08:00", "2022-01-01T00:00:00.123Z"],
            [
                "2022-01-01T08:00:00",
                "2022-01-01 08:00:00+08:00",
                "2022-02-30T08:00:00Z",
                "2022-01-01T24:00:00Z",
            ],
        ),
    ],
)
def test_formats_by_example(holds: Holds, name: str, right: list[str], wrong: list[str]) -> None:
    assert [holds(name, value) for value in right] == [True] * len(right)
    assert [holds(name, value) for value in wrong] == [False] * len(wrong)


def test_the_city_has_its_twelve_divisions() -> None:
    """Figures of the domain: five mountain counties and one island district."""
    found = {division.code: division for division in reference.divisions()}
    assert len(found) == 12
    assert {d.name for d in found.values() if d.terrain == "mountain"} == {
        "永嘉县",
        "平阳县",
        "苍南县",
        "文成县",
        "泰顺县",
    }
    assert {d.name for d in found.values() if d.terrain == "island"} == {"洞头区"}
    assert NAMED_TYPES["division"].labels["330383"] == "龙港市"


def test_every_township_is_in_one_of_the_citys_divisions_which_its_code_tells() -> None:
    divisions = {division.code for division in reference.divisions()}
    townships = reference.townships()
    assert {township.division for township in townships} == divisions
    assert [township for township in townships if township.code[:6] != township.division] == []
    assert len({township.code for township in townships}) == len(townships) > 150
    assert NAMED_TYPES["township"].labels["330302006"] == "五马街道"


@pytest.mark.parametrize("named", NAMED_TYPES.values(), ids=lambda named: named.name)
def test_a_type_is_whole(named: NamedType) -> None:
    """DuckDB knows its SQL type, its texts name the title, and a personal type must be tokenised."""
    duckdb.execute(f"select null::{named.duckdb}")
    assert "{title}" in named.reason
    assert ("{title}" in named.checksum_reason) is (named.checksum is not None)
    assert ("pii" in named.needs) is named.personal
    assert named.needs <= named.options
    if named.number:
        assert named.range is not None, "without bounds a sum could overflow"
