"""What is proposed for a sample of a source that nobody foresaw."""

from __future__ import annotations

import csv
from datetime import UTC, datetime
from pathlib import Path

from infra.trial.arrivals import of_file
from infra.trial.outcome import Outcome, Trial
from streams.authoring.draft import Draft
from streams.authoring.example_verdicts import example_verdicts
from streams.authoring.review import example_problems
from streams.contract.loader import parse_contract
from streams.importer.mapping import ColumnMapping, read_mapping
from streams.importer.readers import open_table
from tests.streams.authoring.rides import WRONG_IDS

TYPES = {
    "还车时间": "timestamp",
    "所属区县": "division",
    "借车站点编号": "text",
    "身份证号": "cn_id",
    "手机号": "mobile",
    "会员类型": "enum",
    "骑行时长(分钟)": "count",
    "费用(元)": "fen",
    "优惠(元)": "fen",
    "实付(元)": "fen",
    "是否助力车": "bool",
    "备注": "text",
}


def tried(path: Path, proposed: Draft, mapping: ColumnMapping | None = None) -> Outcome:
    trial = Trial(proposed.contract)
    with open_table(path) as table:
        for arrivals in of_file(table, proposed.contract, mapping or ColumnMapping(), datetime.now(UTC)):
            trial.add(arrivals)
    return trial.finish()


def test_every_column_gets_its_type(proposed: Draft) -> None:
    assert {guess.heading: guess.spec.type for guess in proposed.chosen.fields} == TYPES


def test_time_id_and_place_are_found(proposed: Draft) -> None:
    chosen = proposed.chosen
    assert (chosen.time and chosen.time.heading, chosen.id and chosen.id.heading) == ("借车时间", "骑行单号")
    assert chosen.key.heading == "借车站点编号"
    assert proposed.contract.fields[proposed.contract.topic.key].pattern == r"ZD\d{4}"


def test_personal_fields_are_marked_and_names_left_out(proposed: Draft) -> None:
    marked = {guess.heading for guess in proposed.chosen.fields if guess.spec.pii == "tokenise"}
    assert marked == {"身份证号", "手机号"}
    assert [each.heading for each in proposed.left_out] == ["姓名"]


def test_evidence_names_the_lines_that_are_wrong(proposed: Draft) -> None:
    lines = ", ".join(map(str, WRONG_IDS))
    assert (
        f"身份证号: 2,998 of 3,000 are right by checksum; 2 are not and would be refused: lines {lines}"
        in proposed.text
    )


def test_empties_make_a_field_optional(proposed: Draft) -> None:
    optional = {guess.heading for guess in proposed.chosen.fields if guess.spec.optional}
    assert optional == {"备注"}


def test_a_sum_that_holds_becomes_a_check(proposed: Draft) -> None:
    checks = [check.that for check in proposed.contract.checks.values()]
    assert checks == ["fee_fen = discount_fen + paid_fen"]


def test_the_rhythm_is_read_off_the_times(proposed: Draft) -> None:
    expect = proposed.contract.expect
    assert expect.open["mon"] == ("07:00", "22:00")
    assert 130 <= expect.per_day <= 170
    assert abs(sum(expect.by_hour.values()) - 100) < 0.5


def test_the_contract_holds_no_personal_value_of_the_sample(proposed: Draft, rides_csv: Path) -> None:
    with rides_csv.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    private = {row[name] for row in rows for name in ("姓名", "身份证号", "手机号", "骑行单号")}
    assert len(private) > 3_000
    assert [value for value in private if value in proposed.text] == []


def test_examples_are_what_they_say(proposed: Draft) -> None:
    assert example_problems(proposed.contract, "bike_ride.yaml") == []
    good, bad = example_verdicts(proposed.contract)
    assert len(good) >= 1
    codes = {example.because for example in proposed.contract.examples.bad}
    assert codes >= {
        "missing",
        "untokenised",
        "wrong_type",
        "out_of_range",
        "not_in_enum",
        "bad_pattern",
        "check:fee_adds_up",
    }
    assert len(bad) == len(proposed.contract.examples.bad)


def test_the_text_is_the_contract(proposed: Draft) -> None:
    assert parse_contract(proposed.text, "bike_ride.yaml").version == proposed.contract.version
    assert (
        max(
            map(
                len, (line for line in proposed.text.splitlines() if not line.lstrip().startswith(("#", "-")))
            )
        )
        <= 150
    )


def test_the_import_takes_the_sample_at_once(proposed: Draft, rides_csv: Path, tmp_path: Path) -> None:
    mapping = None
    if proposed.mapping is not None:
        (tmp_path / "mapping.yaml").write_text(proposed.mapping, encoding="utf-8")
        mapping = read_mapping(tmp_path / "mapping.yaml")
    outcome = tried(rides_csv, proposed, mapping)
    assert outcome.counts == {"accepted": 2_998, "refused": 2}
    assert [refused.line for refused in outcome.refused] == list(WRONG_IDS)
    assert outcome.codes == {"bad_checksum": 2}
