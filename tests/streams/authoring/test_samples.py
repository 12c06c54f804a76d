"""Samples as they really come: of other encodings and formats, and hostile ones."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import openpyxl
import pytest

from infra.trial.arrivals import of_file
from infra.trial.outcome import Outcome, Trial
from streams.authoring.draft import Draft, Wishes, draft
from streams.authoring.errors import NoContract
from streams.authoring.facts import Rows
from streams.authoring.forms import moment
from streams.authoring.review import warnings
from streams.authoring.sample import read_sample
from streams.errors import FileUnreadable, HeadingsUnknown, ImportRefused, MappingWrong
from streams.importer.mapping import ColumnMapping, read_mapping
from streams.importer.readers import open_table
from streams.importer.values import instant
from streams.settings import REPOSITORY
from streams.zone import ZONE
from tests.streams.authoring.rides import HEADINGS, rides, write_csv, write_lines

TODAY = datetime.now(ZONE).replace(hour=0, minute=0, second=0, microsecond=0)
LA311 = REPOSITORY / "tests" / "data" / "la311" / "la311_2020.csv"


def proposed(path: Path, **wishes: str) -> Draft:
    said = {"source": "a_source", "title": "某来源", "about": "一条事件", "owner": "某部门"} | wishes
    return draft(read_sample(path), Wishes(**said), TODAY.date())


def imported(path: Path, made: Draft, folder: Path) -> Outcome:
    """What the importer would make of the sample by the contract and the mapping that were proposed."""
    mapping = ColumnMapping()
    if made.mapping is not None:
        (folder / "mapping.yaml").write_text(made.mapping, encoding="utf-8")
        mapping = read_mapping(folder / "mapping.yaml")
    trial = Trial(made.contract)
    with open_table(path, header_row=mapping.header_row) as table:
        for arrivals in of_file(table, made.contract, mapping, datetime.now(UTC)):
            trial.add(arrivals)
    return trial.finish()


def few(count: int = 120) -> list[dict[str, str]]:
    return list(rides(count, begin=TODAY - timedelta(days=22)))


def test_gb18030_is_read_like_utf_8(tmp_path: Path) -> None:
    here = write_csv(tmp_path / "here.csv", iter(few()))
    there = write_csv(tmp_path / "there.csv", iter(few()), encoding="gb18030")
    assert proposed(there).contract.version == proposed(here).contract.version


def test_a_byte_order_mark_is_no_part_of_a_heading(tmp_path: Path) -> None:
    path = write_csv(tmp_path / "bom.csv", iter(few()), encoding="utf-8-sig")
    assert read_sample(path).headings == HEADINGS


def test_a_workbook_with_dates_and_numbers_of_its_own_is_read(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.append(["时间", "站点编号", "人次", "金额(元)", "合计"])
    for number in range(60):
        at = TODAY - timedelta(hours=number)
        sheet.append(
            [at.replace(tzinfo=None), f"ZD{number % 5:03d}", number % 7 + 1, 1.5, f"=C{number + 2}*2"]
        )
    book.save(tmp_path / "book.xlsx")
    made = proposed(tmp_path / "book.xlsx")
    types = {guess.heading: guess.spec.type for guess in made.chosen.fields}
    assert types == {"站点编号": "text", "人次": "count", "金额(元)": "fen"}
    assert [each.heading for each in made.left_out] == [
        "合计"
    ]  # formulas that no spreadsheet has computed yet
    assert imported(tmp_path / "book.xlsx", made, tmp_path).counts == {"accepted": 60}


def test_tabs_of_a_paste_part_columns(tmp_path: Path) -> None:
    path = tmp_path / "paste"
    rows = "\n".join(f"2026-01-{day:02d} 08:00\tZD{day % 3}\t{day}" for day in range(1, 29))
    path.write_text(f"时间\t站点\t数量\n{rows}\n", encoding="utf-8")
    assert proposed(path).chosen.key.heading == "站点"


def test_json_lines_have_headings_of_their_own(tmp_path: Path) -> None:
    path = write_lines(tmp_path / "a.jsonl", ({k: v for k, v in row.items() if v} for row in few()))
    assert {g.heading for g in proposed(path).chosen.fields} >= {"身份证号", "备注"}


def test_objects_within_json_lines_become_objects(tmp_path: Path) -> None:
    vehicles = [{"kind": "ab"[n % 2], "age": n} | ({"note": "x"} if n == 3 else {}) for n in range(60)]
    rows = [
        {"时间": f"{TODAY - timedelta(hours=n):%Y-%m-%d %H:%M}", "站点": f"ZD{n % 4}", "车辆": vehicle}
        for n, vehicle in enumerate(vehicles)
    ]
    path = write_lines(tmp_path / "nested.jsonl", iter(rows))
    made = proposed(path)
    vehicle = made.contract.fields["vehicle"]
    assert {name: spec.type for name, spec in vehicle.fields.items()} == {
        "kind": "enum",
        "age": "count",
        "note": "text",
    }
    assert [name for name, spec in vehicle.fields.items() if spec.optional] == ["note"]
    assert "vehicle__kind" in made.contract.metrics["events"].by
    assert imported(path, made, tmp_path).counts == {"accepted": 60}


def test_a_name_becomes_a_token_where_no_number_tells_people_apart(tmp_path: Path) -> None:
    rows = [
        {
            "时间": f"{TODAY - timedelta(hours=n):%Y-%m-%d %H:%M}",
            "站点": f"ZD{n % 4}",
            "申请": {"full_name": "王伟", "n": n},
        }
        for n in range(60)
    ]
    path = write_lines(tmp_path / "nested.jsonl", iter(rows))
    made = proposed(path)
    (within,) = (spec for spec in made.contract.fields.values() if spec.type == "object")
    assert (within.fields["full_name"].type, within.fields["full_name"].pii) == ("person_name", "tokenise")
    assert "王伟" not in made.text
    assert imported(path, made, tmp_path).counts == {"accepted": 60}


def test_a_name_beside_a_number_is_left_out(tmp_path: Path) -> None:
    made = proposed(write_csv(tmp_path / "a.csv", iter(few())))
    (left,) = (each for each in made.left_out if each.heading == "姓名")
    assert "which stand in another column" in left.why


def test_plates_and_home_addresses_become_tokens(tmp_path: Path) -> None:
    plates = ("浙C·1234A", "浙CD12345", "浙C12345F", "京A0B1C2", "粤B9X8Y挂")
    rows = [
        f"{TODAY - timedelta(hours=n):%Y-%m-%d %H:%M},PK{n % 4},{plates[n % 5]},"
        f"鹿城区五马街道人民路{n % 30}号,温州市五马街{n % 3}号"
        for n in range(60)
    ]
    path = tmp_path / "a.csv"
    path.write_text("进场时间,停车场编号,车牌号,车主住址,停车场地址\n" + "\n".join(rows), encoding="utf-8")
    made = proposed(path)
    fields = {spec.title: (spec.type, spec.pii) for spec in made.contract.fields.values()}
    assert fields["车牌号"] == ("plate", "tokenise")
    assert fields["车主住址"] == ("address", "tokenise")
    assert [each.heading for each in made.left_out] == ["停车场地址"]
    measures = made.contract.metrics["events"].measures.values()
    assert {m.title for m in measures} >= {"车辆数（按车牌号）", "户数（按车主住址）"}
    outcome = imported(path, made, tmp_path)
    assert outcome.counts == {"accepted": 60}


def test_events_as_they_are_sent_need_no_mapping(tmp_path: Path) -> None:
    rows = [
        {"specversion": "1.0", "id": str(n), "source": "/a", "type": "a_source",
         "time": (TODAY - timedelta(hours=n)).isoformat(), "data": {"station": f"ZD{n % 4}", "people": n % 9}}
        for n in range(80)
    ]  # fmt: skip
    path = write_lines(tmp_path / "events.jsonl", iter(rows))
    made = proposed(path)
    assert made.mapping is None
    assert set(made.contract.fields) == {"station", "people"}
    assert imported(path, made, tmp_path).counts == {"accepted": 80}


def test_real_requests_of_a_city_are_taken_whole(tmp_path: Path) -> None:
    made = proposed(LA311)
    chosen = made.chosen
    assert (chosen.time and chosen.time.heading, chosen.id and chosen.id.heading) == (
        "createddate",
        "srnumber",
    )
    assert made.mapping is not None
    assert "{to: time, format: '%m/%d/%y %H:%M'}" in made.mapping
    outcome = imported(LA311, made, tmp_path)
    assert outcome.counts["accepted"] >= 9_990
    assert outcome.counts["accepted"] + outcome.counts["refused"] == 10_000


def test_money_without_a_unit_is_taken_for_yuan_and_the_mapping_says_so(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text(
        "时间,站点,金额\n" + "".join(f"2026-01-02 08:{n:02d},ZD{n % 3},{n}.5\n" for n in range(60)),
        encoding="utf-8",
    )
    made = proposed(path)
    assert "金额: {to: amount_fen, unit: 元}" in (made.mapping or "")
    days = imported(path, made, tmp_path).days["a_source__events"].to_pylist()
    assert sum(row["amount_fen"] for row in days) == sum(n * 100 + 50 for n in range(60))


def test_what_chance_would_repeat_and_is_said_once_a_day_is_a_rule(tmp_path: Path) -> None:
    riders = sorted({row["身份证号"] for row in few(120)})[:8]
    rows = [
        f"{TODAY - timedelta(days=day):%Y-%m-%d} 12:00,ZD1,{meal},{rider}"
        for day in range(1, 21)
        for rider in riders
        for meal in ("午餐", "晚餐")
    ]
    path = tmp_path / "meals.csv"
    path.write_text("时间,站点,餐次,身份证号\n" + "\n".join(rows), encoding="utf-8")
    rule = proposed(path).contract.unique["person_id_meal"]
    assert (rule.title, rule.fields, rule.per) == (
        "同一身份证号、餐次一天只能有一次",
        ("person_id", "meal"),
        "day",
    )


def test_names_of_the_platform_s_own_are_not_given_to_fields(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text(
        "时间,minute,revision,hour,order\n"
        + "".join(f"2026-01-02 08:{n:02d},a{n % 3},b{n % 2},c,d\n" for n in range(60)),
        encoding="utf-8",
    )
    assert set(proposed(path).contract.fields) == {"minute_said", "revision_said", "hour_said", "order"}


def test_headings_that_differ_in_their_unit_only_are_two_fields(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    rows = "".join(f"2026-01-02 08:{n:02d},ZD{n % 3},{n},{n * 100}\n" for n in range(60))
    path.write_text(f"时间,站点,费用(元),费用(分)\n{rows}", encoding="utf-8")
    made = proposed(path)
    assert [made.contract.fields[name].title for name in ("fee_fen", "fee_fen_2")] == ["费用", "费用(分)"]
    assert imported(path, made, tmp_path).counts == {"accepted": 60}


def test_without_a_time_a_contract_is_proposed_all_the_same(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("站点,数量\n" + "".join(f"ZD{n % 3},{n}\n" for n in range(60)), encoding="utf-8")
    made = proposed(path)
    assert made.chosen.time is None
    assert "these figures are placeholders" in made.text


def test_two_hundred_columns_become_sixty_fields(tmp_path: Path) -> None:
    path = tmp_path / "wide.csv"
    headings = ",".join(f"列{n}" for n in range(198))
    path.write_text(
        f"时间,站点,{headings}\n"
        + "".join(f"2026-01-02 08:{n:02d},ZD{n % 3}{f',{n}' * 198}\n" for n in range(40)),
        encoding="utf-8",
    )
    made = proposed(path)
    assert len(made.contract.fields) == 60
    assert len(made.left_out) == 139
    assert "站点" in {guess.heading for guess in made.chosen.fields}


def test_a_comma_is_one_of_thousands_only_where_it_can_be(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    rows = "".join(f'2026-01-02 08:{n:02d},ZD{n % 3},"1,{n + 200}","12,{n}"\n' for n in range(60))
    path.write_text(f"时间,站点,人次,读数\n{rows}", encoding="utf-8")
    made = proposed(path)
    types = {guess.heading: guess.spec.type for guess in made.chosen.fields}
    assert (types["人次"], types["读数"]) == ("count", "text")
    assert imported(path, made, tmp_path).counts == {"accepted": 60}


def test_mixed_cells_keep_the_type_of_most(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text(
        "时间,站点,数量\n"
        + "".join(
            f"2026-01-02 08:00:{n % 60:02d},ZD{n % 3},{'若干' if n == 50 else n}\n" for n in range(100)
        ),
        encoding="utf-8",
    )
    made = proposed(path)
    assert made.contract.fields["quantity"].type == "count"
    assert "99 of 100 are whole numbers; 1 is not and would be refused: line 52" in made.text
    assert imported(path, made, tmp_path).counts == {"accepted": 99, "refused": 1}


def test_control_characters_and_long_cells_do_no_harm(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    rows = [
        {
            "time": "2026-01-02T08:00:00+08:00",
            "站点": f"ZD{n % 3}",
            "说\u202e明\x07": f"a\x07{n}\u2028",
            "长": "x" * 3_000 + str(n),
        }
        for n in range(50)
    ]
    path.write_text("\n".join(json.dumps(row, ensure_ascii=True) for row in rows), encoding="utf-8")
    made = proposed(path)
    assert "\x07" not in made.text
    assert "too long, would be refused" in made.text


def test_a_number_of_a_person_in_a_free_text_is_said_and_not_shown(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    rows = [f"2026-01-02 08:{n:02d},ZD{n % 3},来电反映路灯不亮第{n}次" for n in range(60)]
    rows[7] += "联系13812345678"
    path.write_text("时间,站点,诉求内容\n" + "\n".join(rows), encoding="utf-8")
    made = proposed(path)
    assert "a person's number stands in the text and would be refused: line 9" in made.text
    assert "13812345678" not in made.text


def test_one_row_is_enough_for_a_contract(tmp_path: Path) -> None:
    path = write_csv(tmp_path / "one.csv", iter(few(1)))
    made = proposed(path)
    assert made.contract.fields["person_id"].type == "cn_id"
    assert imported(path, made, tmp_path).counts == {"accepted": 1}


REFUSED = {
    "empty": ("", FileUnreadable),
    "blank": (" \n\n", FileUnreadable),
    "headings only": ("时间,站点\n", HeadingsUnknown),
    "two headings alike": ("站点,站点\na,b\n", HeadingsUnknown),
    "a heading missing": ("站点,,数量\na,b,1\n", HeadingsUnknown),
    "numbers only": ("数量,人次\n1,2\n3,4\n", NoContract),
    "an array": ('[{"a": 1}]', FileUnreadable),
}


@pytest.mark.parametrize("kind", REFUSED)
def test_what_is_no_sample_is_refused_with_a_reason(kind: str, tmp_path: Path) -> None:
    content, error = REFUSED[kind]
    (tmp_path / "a.csv").write_text(content, encoding="utf-8")
    with pytest.raises(error) as raised:
        proposed(tmp_path / "a.csv")
    assert isinstance(raised.value, ImportRefused)
    assert "a.csv" in str(raised.value)


def test_times_of_several_spellings_are_times_and_the_others_are_listed(tmp_path: Path) -> None:
    rows = [f"2026-10-01 08:{n:02d}:00,ZD{n % 3},{n}" for n in range(40)]
    rows += [f"10/{n % 28 + 1}/2026 8:05 AM,ZD{n % 3},{n}" for n in range(20)]
    path = tmp_path / "a.csv"
    path.write_text("发生时间,站点,数量\n" + "\n".join(rows), encoding="utf-8")
    made = proposed(path)
    assert made.chosen.time is not None
    assert "20 are not and would be refused: lines 42, 43" in made.chosen.time.evidence[0]
    assert imported(path, made, tmp_path).counts == {"accepted": 40, "refused": 20}


def test_digits_that_a_spreadsheet_has_cut_are_no_field(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    rows = "".join(f"2026-01-02 08:{n:02d},ZD{n % 3},3.30302E+11\n" for n in range(60))
    path.write_text(f"时间,站点,单据号\n{rows}", encoding="utf-8")
    (left,) = proposed(path).left_out
    assert left.why == "a spreadsheet has cut its digits (3.30302E+11): export the column as text"


def test_numbers_of_cards_that_are_no_bank_s_are_a_code(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    rows = "".join(f"2026-01-02 08:{n:02d},ZD{n % 3},{330302200001 + n // 2}\n" for n in range(60))
    path.write_text(f"时间,站点,会员卡号\n{rows}", encoding="utf-8")
    made = proposed(path)
    (card,) = (spec for spec in made.contract.fields.values() if spec.title == "会员卡号")
    assert (card.type, card.pattern) == ("text", r"\d{12}")
    assert imported(path, made, tmp_path).counts == {"accepted": 60}


def test_a_title_above_the_headings_is_no_row_and_said(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    rows = "".join(f"2026-01-02 08:{n:02d},ZD{n % 3},{n}\n" for n in range(60))
    path.write_text(f"公共自行车统计表,,\n时间,站点,数量\n{rows}", encoding="utf-8")
    made = proposed(path)
    assert "# Its headings stand on line 2; what is above them is no row." in made.text
    assert (made.chosen.key.heading, made.mapping) == ("站点", None)
    assert imported(path, made, tmp_path).counts == {"accepted": 60}


def test_a_title_that_is_not_told_from_headings_is_said(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("统计表,单位：元,\n时间,站点,数量\n2026-01-02 08:00,ZD1,3\n", encoding="utf-8")
    with pytest.raises(HeadingsUnknown, match="if that is a title, --header-row says which"):
        read_sample(path)
    assert read_sample(path, header_row=2).headings == ("时间", "站点", "数量")


def test_a_line_of_headings_that_was_said_is_told_to_the_importer(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    rows = "".join(f"2026-01-02 08:{n:02d},ZD{n % 3},{n}\n" for n in range(60))
    path.write_text(f"time,station,number\n时间,站点,数量\n{rows}", encoding="utf-8")
    said = Wishes("a_source", "某来源", "一条事件", "某部门")
    made = draft(read_sample(path, header_row=2), said, TODAY.date())
    (tmp_path / "mapping.yaml").write_text(made.mapping or "", encoding="utf-8")
    assert read_mapping(tmp_path / "mapping.yaml").header_row == 2
    assert made.chosen.key.heading == "站点"


def test_what_the_owner_decides_wins(tmp_path: Path) -> None:
    path = write_csv(tmp_path / "a.csv", iter(few()))
    said = Wishes(
        "a_source",
        "某来源",
        "一条事件",
        "某部门",
        names={"会员类型": "member"},
        time="还车时间",
        key="会员类型",
    )
    made = draft(read_sample(path), said, TODAY.date())
    assert made.contract.topic.key == "member"
    assert made.chosen.time is not None
    assert made.chosen.time.heading == "还车时间"


def test_a_column_that_is_not_there_cannot_be_the_time(tmp_path: Path) -> None:
    path = write_csv(tmp_path / "a.csv", iter(few()))
    said = Wishes("a_source", "某来源", "一条事件", "某部门", time="时刻")
    with pytest.raises(NoContract, match="--time 时刻: no such column"):
        draft(read_sample(path), said, TODAY.date())


NO_TIMES = {"数量": r"no time but of type count", "站点": r"no time but of type enum"}


@pytest.mark.parametrize("heading", NO_TIMES)
def test_a_column_that_is_no_time_cannot_be_the_time(heading: str, tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    rows = "".join(f"2026-01-02 08:{n:02d},ZD{n % 3},{n}\n" for n in range(60))
    path.write_text(f"时间,站点,数量\n{rows}", encoding="utf-8")
    with pytest.raises(NoContract, match=NO_TIMES[heading] + r".* Columns that are times: 时间\.$"):
        draft(
            read_sample(path), Wishes("a_source", "某来源", "一条事件", "某部门", time=heading), TODAY.date()
        )


@pytest.mark.parametrize(("form", "per_second"), [("epoch seconds", 1), ("epoch milliseconds", 1_000)])
def test_numbers_since_1970_are_times_of_the_city_s_zone(form: str, per_second: int, tmp_path: Path) -> None:
    first = TODAY - timedelta(days=1) + timedelta(hours=7)
    times = [int((first + timedelta(minutes=n)).timestamp()) * per_second for n in range(60)]
    path = tmp_path / "a.csv"
    rows = "".join(f"{time},{time},ZD{n % 3},{time}\n" for n, time in enumerate(times))
    path.write_text(f"上报时间,采集时间,站点,累计\n{rows}", encoding="utf-8")
    made = proposed(path)
    assert made.chosen.time is not None
    assert made.chosen.time.heading == "上报时间"
    assert f"上报时间: {{to: time, format: {form}}}" in (made.mapping or "")
    kinds = {spec.title: spec.type for spec in made.contract.fields.values()}
    assert kinds["采集时间"] == "timestamp"
    assert kinds["累计"] != "timestamp"
    assert made.contract.expect.open["mon"] == ("07:00", "08:00")
    outcome = imported(path, made, tmp_path)
    assert outcome.counts == {"accepted": 60}
    days = outcome.days["a_source__events"].to_pylist()
    assert {row["event_day"] for row in days} == {(first.date() - date(1970, 1, 1)).days}


def test_what_sql_and_the_importer_take_for_a_time_is_the_same(tmp_path: Path) -> None:
    cells = [
        "2026年10月10日 上午12:01",
        "2026年10月10日 下午12:01",
        "2026年10月10日 下午1:00",
        "2026-10-10 上午11:59:58",
    ]
    path = tmp_path / "a.csv"
    path.write_text("时间,站点\n" + "".join(f"{cell},ZD1\n" for cell in cells), encoding="utf-8")
    rows = Rows.of(read_sample(path))
    read = rows.all(f"select {moment('c0')} from rows order by line")
    rows.close()
    assert [at.replace(tzinfo=ZONE).isoformat() for (at,) in read] == [instant(cell, ZONE) for cell in cells]


def test_a_mapping_s_format_that_is_none_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.mapping.yaml"
    path.write_text("columns:\n  时间: {to: time, format: epoch second}\n", encoding="utf-8")
    with pytest.raises(
        MappingWrong, match=r"'epoch second' is no format: .*epoch seconds or epoch milliseconds"
    ):
        read_mapping(path)


def test_marks_of_nothing_are_empty_cells_and_counted(tmp_path: Path) -> None:
    marks = ["-", "—", "/", "NULL", "null", "N/A", "\\N", " - "]
    cells = [marks[n // 10] if n % 10 == 0 and n < 80 else str(n) for n in range(100)]
    rows = "".join(f"2026-01-02 08:00:{n % 60:02d},ZD{n % 3},{cell}\n" for n, cell in enumerate(cells))
    (tmp_path / "a.csv").write_text(f"时间,站点,数量\n{rows}", encoding="utf-8")
    lines = [
        {
            "时间": f"2026-01-02 08:00:{n % 60:02d}",
            "站点": f"ZD{n % 3}",
            "数量": cell if not cell.isdecimal() else n,
        }
        for n, cell in enumerate(cells)
    ]
    write_lines(tmp_path / "a.jsonl", iter(lines))
    for name in ("a.csv", "a.jsonl"):
        made = proposed(tmp_path / name)
        quantity = made.contract.fields["quantity"]
        assert (quantity.type, quantity.optional) == ("count", True)
        evidence = (
            "8 of 100 are empty (8.00%), taken for nothing: '-' in 2, '/' in 1, 'N/A' in 1, 'NULL' in 2,"
        )
        assert f"{evidence} '\\N' in 1, '—' in 1" in made.text
        assert imported(tmp_path / name, made, tmp_path).counts == {"accepted": 100}


def test_a_first_sheet_of_notes_names_the_others(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    assert book.active is not None
    book.active.title = "填表说明"
    book.active.append(["请按月填报"])
    tab = book.create_sheet("数据")
    tab.append(["时间", "站点"])
    tab.append(["2026-01-02 08:00", "ZD1"])
    book.save(tmp_path / "a.xlsx")
    with pytest.raises(HeadingsUnknown, match=r"Other sheets: 数据; --sheet says which\.$"):
        read_sample(tmp_path / "a.xlsx")
    assert read_sample(tmp_path / "a.xlsx", sheet="数据").headings == ("时间", "站点")


def test_placeholders_for_the_hours_are_warned_of(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("站点,数量\n" + "".join(f"ZD{n % 3},{n}\n" for n in range(60)), encoding="utf-8")
    said = [str(each) for each in warnings(proposed(path).contract, "a.yaml")]
    assert [each for each in said if "the hours are placeholders" in each]
    path = write_csv(tmp_path / "b.csv", iter(few()))
    assert not [each for each in warnings(proposed(path).contract, "b.yaml") if "placeholders" in each.what]
