"""What may replace a deployed contract, and what may not."""

from __future__ import annotations

import pytest

from streams.contract.errors import EvolutionError
from streams.contract.evolution import breaches, refuse_breaking
from streams.contract.loader import parse_contract
from streams.contract.model import Contract
from tests.streams.contract.seeded import SOUND


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
