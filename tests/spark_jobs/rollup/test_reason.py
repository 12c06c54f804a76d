"""Why there is a revision, as operators read it."""

from __future__ import annotations

import pytest

from spark_jobs.rollup.publish import Publication, reason
from tests.spark_jobs.rollup.test_publish import CONTRACT
from tests.spark_jobs.rollup.test_publish import day as day_of

ACCEPTED = 10_000


@pytest.mark.parametrize(
    ("version", "more", "replayed", "expected"),
    [
        ("same", 3, 0, "迟到或更正的事件 +3"),
        ("same", -2, 0, "迟到或更正的事件 -2"),
        ("same", 100, 100, "隔离区重放 +100"),
        ("same", 120, 100, "隔离区重放 +100，迟到或更正的事件 +20"),
        ("same", 20, 100, "隔离区重放 +20"),
        ("same", -2, 100, "迟到或更正的事件 -2"),
        ("same", 0, 100, "内容有变化"),
        ("same", 0, 0, "内容有变化"),
        ("another", 5_000, 0, "契约已更新，入账 +5,000"),
        ("another", -500, 0, "契约已更新，入账 -500"),
        ("another", 5_000, 100, "契约已更新，入账 +5,000（其中隔离区重放 +100）"),
        ("another", 20, 100, "契约已更新，入账 +20（其中隔离区重放 +20）"),
        ("another", -500, 100, "契约已更新，入账 -500"),
        ("another", 0, 100, "契约已更新"),
    ],
)
def test_what_a_contract_changed_is_not_called_late_nor_a_replay_counted_before_named_again(
    version: str, more: int, replayed: int, expected: str
) -> None:
    made_with = CONTRACT.version if version == "same" else "another"
    before = Publication(1, "首次发布", made_with, ACCEPTED, "f")
    assert reason(before, day_of(ACCEPTED + more), replayed) == expected


def test_a_provisional_day_its_completion_and_the_first_revision_are_said_before_anything_else() -> None:
    before = Publication(1, "临时版：当天数据尚未完整", "another", 5, "f")
    assert reason(before, day_of(9)) == "当天数据已完整"
    assert reason(before, day_of(9, provisional=True)) == "临时版：当天数据尚未完整"
    assert reason(None, day_of(9)) == "首次发布"
