"""Warnings: what is allowed in a contract and probably not meant."""

from __future__ import annotations

import re
import subprocess
import sys

import pyarrow as pa
import pytest

from streams.authoring.example_verdicts import RECEIVED, as_events, example_verdicts
from streams.authoring.review import example_problems, warnings
from streams.contract.loader import load_contracts, parse_contract
from streams.contract.model import Contract
from streams.judge.judge import Judge
from streams.settings import REPOSITORY, Settings

PAGE = (REPOSITORY / "docs" / "data-engineer.md").read_text(encoding="utf-8")
SOUND = re.findall(r"```yaml\n(.*?)```", PAGE, re.S)[0]

SEEDED = {
    "a telephone number as text": (
        "driver:    {title: 驾驶人手机号, type: mobile, pii: tokenise}",
        "driver:    {title: 驾驶人手机号, type: text, max_length: 20}",
        "'driver' may be personal and is not marked: it is called '驾驶人手机号'",
    ),
    "a pattern of identity numbers": (
        "driver:    {title: 驾驶人手机号, type: mobile, pii: tokenise}",
        r"driver:    {title: 凭证, type: text, pattern: '\d{17}[0-9X]'}",
        "its pattern lets every cn_id pass",
    ),
    "a name": ("street_id: {title: 路段编号", "street_id: {title: 联系人", "it is called '联系人'"),
    "a dimension of any code": (
        "by: [division, seen_by]\n    m", "by: [division, street_id]\n    m",
        "'street_id' can have up to 100,000 values",
    ),
    "a check that nothing breaks": (
        "    - {because: 'check:no_fine_if_left', change: {fine_fen: 100}}\n", "",
        "no counter-example breaks 'no_fine_if_left'",
    ),
    "an optional field that no example has": (
        "left: true}", "left: true}", "no good example has 'fine_fen'",
    ),
    "an alarm for nothing": ("per_day: 3000", "per_day: 30", "events are expected in 0:30:00"),
    "a placeholder": ("owner: 综合执法", "owner: 待定", "'待定' is a placeholder"),
    "a topic that forgets": ("retention: 7d", "retention: 1d", "Kafka keeps events for 1 day"),
    "a window left open": (
        "topic: {partitions", "accept: {past: 9000d, future: 1d}\ntopic: {partitions",
        "events of the last 9,000 days",
    ),
    "an attribute of every event": (
        "seen_by:   {", "subject: {title: 主题, type: text, max_length: 9, optional: true}\n  seen_by:   {",
        "'subject' is an attribute that every event has",
    ),
    "an English title": ("title: 发现方式", "title: seen by", "the title 'seen by'"),
    "labels that say nothing": (
        "camera: 摄像头", "camera: camera", "labels that only repeat their values: camera",
    ),
}  # fmt: skip


@pytest.mark.parametrize("kind", SEEDED)
def test_a_probable_mistake_is_warned_of(kind: str) -> None:
    before, after, message = SEEDED[kind]
    assert before in SOUND
    text = SOUND.replace(before, after).replace(
        "driver: tk_00000000000000000000000000000001",
        "driver: a1"
        if "title: 凭证" in after or "type: text, max" in after
        else "driver: tk_00000000000000000000000000000001",
    )
    found = [str(problem) for problem in warnings(parse_contract(text, "a.yaml"), "a.yaml")]
    assert any(message in line for line in found), found


def test_a_warning_names_the_line() -> None:
    text = SOUND.replace("owner: 综合执法", "owner: 待定")
    found = warnings(parse_contract(text, "a.yaml"), "a.yaml")
    line = text.splitlines().index("owner: 待定") + 1
    assert [problem.line for problem in found if "待定" in problem.what] == [line]


def test_an_example_that_is_not_what_it_says_is_a_problem() -> None:
    text = SOUND.replace("seen_by: satellite", "seen_by: patrol").replace(
        "street_id: LD00001", "street_id: LD1"
    )
    found = [problem.what for problem in example_problems(parse_contract(text, "a.yaml"), "a.yaml")]
    assert any("it is rejected: bad_pattern (street_id)" in what for what in found), found
    assert any(what.startswith("it is bad_pattern") for what in found), found


@pytest.mark.parametrize(
    "contract", load_contracts(Settings().contracts_dir).values(), ids=lambda c: c.source
)
def test_examples_get_the_verdict_that_events_get(contract: Contract) -> None:
    examples = [(dict(data), None) for data in contract.examples.good]
    examples += [(dict(bad.data), bad.time) for bad in contract.examples.bad]
    values = as_events(contract.source, examples, RECEIVED)
    events = pa.table(
        {
            "topic": [f"events.{contract.source}"] * len(values),
            "partition": [0] * len(values),
            "offset": range(len(values)),
            "received_at": pa.array([RECEIVED] * len(values), pa.timestamp("us", "UTC")),
            "value": pa.array(values, pa.binary()),
        }
    )
    judged = Judge({contract.source: contract}, "events.").judge(events)["reasons"].to_pylist()
    good, bad = example_verdicts(contract)
    assert [verdict.reasons for verdict in (*good, *bad)] == [
        tuple((reason["code"], reason["field"]) for reason in reasons or ()) for reasons in judged
    ]


def test_a_check_loads_nothing_that_only_samples_need() -> None:
    """A dictionary of pinyin and readers of workbooks take as long to load as contracts to check."""
    heavy = ("pypinyin", "openpyxl", "python_calamine", "pyspark")
    program = f"import sys, infra.cli.contract_check; print([n for n in {heavy} if n in sys.modules])"
    told = subprocess.run(
        [sys.executable, "-c", program], cwd=REPOSITORY, check=True, capture_output=True, text=True
    )
    assert told.stdout.strip() == "[]"
