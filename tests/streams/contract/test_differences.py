"""What two versions of a contract say differently."""

from __future__ import annotations

from streams.contract.differences import differences
from streams.contract.loader import parse_contract
from tests.streams.contract.seeded import SOUND

OLD = parse_contract(SOUND, "kiosk_sale.yaml")


def changed(old: str, new: str) -> list[str]:
    assert SOUND.count(old) == 1
    return [
        str(each) for each in differences(OLD, parse_contract(SOUND.replace(old, new), "kiosk_sale.yaml"))
    ]


def test_layout_comments_and_written_defaults_are_no_difference() -> None:
    assert changed("source: kiosk_sale\n", "# a remark\nsource:   'kiosk_sale'\n") == []
    assert changed("topic: {partitions: 2, ", "topic: {") == []


def test_each_difference_names_its_path_and_both_values() -> None:
    assert changed("[1, 50000]", "[1, 60000]") == ["fields.price_fen.range: [1, 50000] -> [1, 60000]"]
    assert changed("book: 图书", "book: 图书, map: 地图") == ["fields.kind.values.map: 地图 (new)"]
    assert changed("accept: {past: 30d, future: 1h}\n", "accept: {past: 30d}\n") == [
        "accept.future: PT1H (gone)"
    ]


def test_a_version_is_another_exactly_where_something_differs() -> None:
    for old, new in (("[1, 50000]", "[1, 60000]"), ("per_day: 500", "per_day: 501"), ("文化", "文旅")):
        other = parse_contract(SOUND.replace(old, new), "kiosk_sale.yaml")
        assert (other.version == OLD.version) is (differences(OLD, other) == [])
