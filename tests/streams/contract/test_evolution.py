"""What may replace a deployed contract, and what may not."""

from __future__ import annotations

import pytest

from streams.contract.errors import EvolutionError
from streams.contract.evolution import breaches, refuse_breaking
from streams.contract.loader import parse_contract
from streams.contract.model import Contract
from tests.streams.contract.seeded import SOUND
from tests.streams.contract.seeded_cases import SOUND_CASES


def changed(*pairs: tuple[str, str]) -> Contract:
    text = SOUND
    for old, new in pairs:
        assert text.count(old) == 1, old
        text = text.replace(old, new)
    return parse_contract(text, "kiosk_sale.yaml")


DEPLOYED = changed()
NOTE = "  note:     {title: 备注, type: text, max_length: 100, optional: true}\n"

ALLOWED = {
    "nothing": (),
    "new optional field": ((NOTE, NOTE + "  shelf: {title: 货架, type: text, optional: true}\n"),),
    "new enum value": (("book: 图书", "book: 图书, map: 地图"),),
    "wider range": (("[1, 50000]", "[1, 60000]"),),
    "longer text": (("max_length: 100", "max_length: 200"),),
    "wider window": (("past: 30d", "past: 60d"),),
    "narrower window": (("past: 30d", "past: 29d"),),
    "retention": (("retention: 7d", "retention: 14d"),),
    "texts": (
        ("title: 报亭销售", "title: 售报"),
        ("title: 件数", "title: 销售件数"),
        ("title: 报纸应便宜", "title: 报纸不贵"),
    ),
    "volumes": (
        ("per_day: 500", "per_day: 900"),
        ("{6: 40, 7: 60}", "{6: 50, 7: 50}"),
        ("'06:00-18:30'", "'05:00-19:00'"),
    ),
    "new metric": (
        (
            "metrics:\n",
            "metrics:\n  kinds: {title: 品类, by: [kind], measures: {n: {title: 件, of: count}}}\n",
        ),
    ),
    "day rules": (("that: buyers <= sales", "every: division"),),
    "an unlisted order of fields": ((NOTE, ""), ("  printed:  {", NOTE + "  printed:  {")),
}

REFUSED = {
    "removed field": (((NOTE, ""),), 7, "field 'note' is gone"),
    "retyped field": ((("type: date}", "type: timestamp}"),), 14, "field 'printed' is a timestamp"),
    "new required field": (
        (
            ("  note:     {", "  shelf: {title: 货架, type: bool}\n  note:     {"),
            ("price_fen: 200,", "price_fen: 200, shelf: true,"),
        ),
        15,
        "field 'shelf' is new and required",
    ),
    "optional to required": (
        (
            (", max_length: 100, optional: true", ", max_length: 100"),
            ("price_fen: 200,", "price_fen: 200, note: x,"),
        ),
        15,
        "field 'note' is required",
    ),
    "required to optional": (
        (("type: date}", "type: date, optional: true}"),),
        14,
        "field 'printed' is optional",
    ),
    "narrower enum": (((", book: 图书", ""),), 10, "field 'kind' lost book"),
    "narrower range above": ((("[1, 50000]", "[1, 40000]"),), 12, "the range [1, 40000]"),
    "narrower range below": (
        (("[1, 50000]", "[2, 50000]"), ("change: {price_fen: 0}", "change: {price_fen: 1}")),
        12,
        "[2, 50000]",
    ),
    "shorter text": (((", max_length: 100", ", max_length: 99"),), 15, "max_length 99"),
    "changed pattern": (((r"'BT\d{4}'", r"'BT\d{4,5}'"),), 9, r"the pattern BT\d{4,5}"),
    "new check": (
        (("checks:\n", "checks:\n  light: {title: 应轻, that: weight < 5}\n"),),
        17,
        "check 'light' is new",
    ),
    "dropped check": (
        (("checks:\n  cheap: {title: 报纸应便宜, that: kind <> 'paper' or price_fen <= 2000}\n", ""),),
        1,
        "check 'cheap' is gone",
    ),
    "changed check": ((("<= 2000", "<= 3000"),), 17, "check 'cheap' asks for"),
    "dropped metric": (
        (("  sales:\n", "  sale:\n"), ("metric: sales,", "metric: sale,")),
        18,
        "metric 'sales' is gone",
    ),
    "changed dimensions": (
        (("by: [division, kind]", "by: [division]"),),
        21,
        "metric 'sales' is by division",
    ),
    "new measure": (
        (("measures:\n", "measures:\n      low: {title: 最低, of: min price_fen}\n"),),
        22,
        "low: min price_fen",
    ),
    "changed measure": ((("of: sum price_fen", "of: max price_fen"),), 22, "fen: max price_fen"),
    "key": ((("key: kiosk", "key: division"),), 5, "topic.key is division"),
    "partitions": ((("partitions: 2", "partitions: 3"),), 5, "topic.partitions is 3"),
}


def test_a_window_that_was_widened_to_import_history_may_be_taken_back() -> None:
    wide = changed(("past: 30d", "past: 3650d"))
    refuse_breaking(DEPLOYED, wide)
    refuse_breaking(wide, DEPLOYED)


@pytest.mark.parametrize("name", ALLOWED)
def test_what_is_allowed(name: str) -> None:
    refuse_breaking(DEPLOYED, changed(*ALLOWED[name]))


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_refused_with_line_and_way_out(name: str) -> None:
    pairs, line, what = REFUSED[name]
    with pytest.raises(EvolutionError) as raised:
        refuse_breaking(DEPLOYED, changed(*pairs))
    (problem,) = raised.value.problems
    assert what in problem.what
    assert problem.line == line, raised.value
    assert problem.expected.endswith("as it is deployed")
    assert "kiosk_sale_v2" in problem.remedy


def test_a_personal_flag_may_not_change() -> None:
    personal = DEPLOYED.fields["buyer"].model_copy(update={"pii": None})
    wanted = DEPLOYED.model_copy(update={"fields": {**DEPLOYED.fields, "buyer": personal}})
    assert [what for _, what, _ in breaches(DEPLOYED, wanted)] == ["field 'buyer' has pii: None"]


def test_the_version_follows_what_a_contract_says_and_not_its_layout() -> None:
    assert parse_contract("# a remark\n" + SOUND, "x.yaml").version == DEPLOYED.version
    assert changed(("per_day: 500", "per_day: 501")).version != DEPLOYED.version
    assert changed(("title: 重量", "title: 重")).version != DEPLOYED.version


def changed_case(*pairs: tuple[str, str]) -> Contract:
    text = SOUND_CASES
    for old, new in pairs:
        assert text.count(old) == 1, old
        text = text.replace(old, new)
    return parse_contract(text, "repair_case.yaml")


CASE_THEN = "then: {asked: [sent, refused], sent: [done]}"
TWO = "  two_a_day: {title: 同一人一天至多报修两次, fields: [asker], times: 2, where: step = 'asked'}\n"
ONE = "  one_step:  {title: 同一个案同一环节只走一次, fields: [case_no, step], per: ever}\n"
TWO_EXAMPLE = (
    "    - {because: 'unique:two_a_day', before: [{case_no: A1}, {case_no: A2}], change: {case_no: A3}}\n"
)

CYCLE = SOUND_CASES[SOUND_CASES.index("life_cycle:") : SOUND_CASES.index("metrics:")]

ALLOWED_OF_CASES = {
    "new optional field within": (
        ("floor: {title: 楼层", "lift: {title: 电梯, type: bool, optional: true}\n      floor: {title: 楼层"),
    ),
    "new optional field of items": (
        ("code:  {title", "maker: {title: 厂家, type: text, optional: true}\n      code:  {title"),
    ),
    "wider range within": (("range: [-3, 60]", "range: [-3, 99]"),),
    "more items": (("max_items: 20", "max_items: 30"),),
    "more often": (("times: 2", "times: 3"), ("{case_no: A2}]", "{case_no: A2}, {case_no: A4}]")),
    "another title of a rule": (("title: 同一人一天至多报修两次", "title: 一天至多报修两次"),),
    "another way": ((CASE_THEN, "then: {asked: [sent, refused, done], sent: [done], refused: [asked]}"),),
    "another start": (("start: [asked]", "start: [asked, sent]"),),
    "other deadlines": (("within: {asked: 2d, sent: 5d}", "within: {asked: 1d}"),),
    "another ratio": (("      mean_cost: {title: 均次费用, of: cost_fen, to: steps, unit: fen}\n", ""),
                      ("of: mean_cost, to: canteens.seats", "of: cost_fen, to: canteens.seats")),
}  # fmt: skip

REFUSED_OF_CASES = {
    "removed field within": (
        (("      owner: {title: 房主身份证号, type: cn_id, pii: tokenise, optional: true}\n", ""),
         ("home: {owner: null}", "home: {}")),
        18, "field 'owner' is gone",
    ),
    "new required field within": (
        (("floor: {title: 楼层", "lift: {title: 电梯, type: bool}\n      floor: {title: 楼层"),
         ("home: {floor: 2}", "home: {floor: 2, lift: true}")),
        19, "field 'lift' is new and required",
    ),
    "narrower range of items": ((("range: [1, 99]", "range: [1, 9]"),), 27, "the range [1, 9]"),
    "fewer items": ((("max_items: 20", "max_items: 19"),), 24, "max_items 19"),
    "new rule": (((ONE, ONE + "  x: {title: 每天一次, fields: [asker, step]}\n"),), 32, "rule 'x' is new"),
    "dropped rule": (((TWO, ""), (TWO_EXAMPLE, "")), 30, "rule 'two_a_day' is gone"),
    "other fields": ((("fields: [asker]", "fields: [asker, step]"),), 32, "fields asker, step"),
    "longer period": ((("fields: [asker]", "per: month, fields: [asker]"),), 32, "per month"),
    "other events": ((("where: step = 'asked'", "where: step <> 'done'"),), 32, "where step <> 'done'"),
    "less often": (
        (("times: 2", "times: 1"), ("[{case_no: A1}, {case_no: A2}]", "[{case_no: A1}]")),
        32, "lets 1 through",
    ),
    "another order": (((ONE, ""), (TWO, TWO + ONE)), 30, "asked in the order two_a_day, one_step"),
    "no life cycle": (
        ((CYCLE, ""),),
        1, "the life cycle is gone",
    ),
    "another case": ((("case: case_no", "case: street_id"),), 34, "case is the field 'street_id'"),
    "no way any more": (
        ((CASE_THEN, "then: {asked: [refused], sent: [done]}"), ("start: [asked]", "start: [asked, sent]")),
        37, "then.asked lost sent",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", ALLOWED_OF_CASES)
def test_what_is_allowed_within_objects_lists_rules_and_life_cycles(name: str) -> None:
    refuse_breaking(changed_case(), changed_case(*ALLOWED_OF_CASES[name]))


@pytest.mark.parametrize("name", REFUSED_OF_CASES)
def test_what_is_refused_within_objects_lists_rules_and_life_cycles(name: str) -> None:
    pairs, line, what = REFUSED_OF_CASES[name]
    with pytest.raises(EvolutionError) as raised:
        refuse_breaking(changed_case(), changed_case(*pairs))
    (problem,) = raised.value.problems
    assert what in problem.what
    assert problem.line == line, raised.value
    assert "repair_case_v2" in problem.remedy


def test_a_life_cycle_may_be_added() -> None:
    without = changed_case().model_copy(update={"life_cycle": None})
    assert list(breaches(without, changed_case())) == []
