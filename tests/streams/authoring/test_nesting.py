"""Objects and lists of a sample: proposed one level deep, and imported as they were proposed."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest

from infra.trial.arrivals import of_day
from infra.trial.outcome import Trial
from streams.authoring.draft import Draft
from streams.simulator.city import City
from streams.simulator.day import SimulatedDay
from tests.streams.authoring.rides import write_lines
from tests.streams.authoring.tables import left_out_of
from tests.streams.authoring.test_samples import TODAY, imported, proposed

Make = Callable[[int], Any]
COUNT = 60


def rows_with(**made: Make) -> list[dict[str, Any]]:
    return [
        {
            "时间": f"{TODAY - timedelta(hours=n):%Y-%m-%d %H:%M}",
            "站点": f"ZD{n % 4}",
            **{heading: value for heading, make in made.items() if (value := make(n)) is not None},
        }
        for n in range(COUNT)
    ]


def lines(folder: Path, **made: Make) -> Path:
    return write_lines(folder / "a.jsonl", iter(rows_with(**made)))


def table(folder: Path, **made: Make) -> Path:
    """The same as a CSV, objects and lists as JSON text."""
    rows = rows_with(**made)
    with (folder / "a.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(
            {key: json.dumps(cell, ensure_ascii=False) if isinstance(cell, (dict, list)) else cell
             for key, cell in row.items()}
            for row in rows
        )  # fmt: skip
    return folder / "a.csv"


FILES = {"jsonl": lines, "csv": table}


def parts(n: int) -> list[dict[str, Any]]:
    return [{"code": f"PJ{k:03d}", "count": k + 1} | ({"note": "备用"} if k else {}) for k in range(n % 4)]


def sends(made: Draft, path: Path, folder: Path) -> dict[str, int]:
    return dict(imported(path, made, folder).counts)


@pytest.mark.parametrize("kind", FILES)
def test_a_list_of_objects_is_a_list(kind: str, tmp_path: Path) -> None:
    path = FILES[kind](tmp_path, 配件=parts)
    made = proposed(path)
    (found,) = made.contract.lists.items()
    name, spec = found
    assert (spec.title, spec.max_items, spec.optional) == ("配件", 5, False)
    assert {key: (inner.type, inner.optional) for key, inner in spec.fields.items()} == {
        "code": ("text", False),
        "count": ("count", False),
        "note": ("text", True),
    }
    assert spec.fields["code"].pattern == r"PJ\d{3}"
    assert made.contract.metrics["events"].measures[f"{name}_count"].of == f"sum {name}__count"
    assert "lists of 0 to 3 objects, 1.5 on average; they can be counted, not grouped by" in made.text
    assert made.contract.simulate[name].between == (0, 3)
    assert len(made.contract.examples.good[0][name]) == 1
    assert f"{name}[1]__code" in {bad.field for bad in made.contract.examples.bad}
    outcome = imported(path, made, tmp_path)
    assert outcome.counts == {"accepted": COUNT}
    days = outcome.days["a_source__events"].to_pylist()
    assert sum(row[f"{name}_count"] for row in days) == sum(len(parts(n)) for n in range(COUNT))


def test_a_simulated_event_of_a_list_is_right(tmp_path: Path) -> None:
    contract = proposed(lines(tmp_path, 配件=parts)).contract
    trial = Trial(contract)
    for arrivals in of_day(SimulatedDay(City(contract, 1), date(2026, 11, 20))):
        trial.add(arrivals)
    assert trial.finish().counts["accepted"] >= 10


@pytest.mark.parametrize("kind", FILES)
def test_keys_of_an_object_are_renamed_converted_and_left_out(kind: str, tmp_path: Path) -> None:
    def vehicle(n: int) -> dict[str, Any]:
        return {
            "plateNo": "浙C12345",
            "入场时间": f"2026-01-02 08:{n:02d}",
            "费用(元)": n + 0.5,
            "driver": {"age": 30},
            "tags": ["a"],
        }

    path = FILES[kind](tmp_path, 车辆=vehicle)
    made = proposed(path)
    spec = made.contract.fields["vehicle"]
    assert {key: inner.type for key, inner in spec.fields.items()} == {
        "plate_no": "plate",
        "entry_time": "timestamp",
        "fee_fen": "fen",
    } or {inner.type for inner in spec.fields.values()} == {"plate", "timestamp", "fen"}
    assert [inner.title for inner in spec.fields.values()] == ["plateNo", "入场时间", "费用"]
    assert left_out_of(made)["车辆.driver"] == "two levels deep; a contract has one"
    assert "车辆.plateNo: " in (made.mapping or "")
    assert sends(made, path, tmp_path) == {"accepted": COUNT}


def test_amounts_within_a_list_become_fen(tmp_path: Path) -> None:
    def items(n: int) -> list[dict[str, Any]]:
        return [{"商品编码": f"SP{n % 9:03d}", "单价": 12.5, "经办人": "王伟", "标签": ["a"]}]

    path = lines(tmp_path, 明细=items)
    made = proposed(path)
    ((name, spec),) = made.contract.lists.items()
    assert [inner.type for inner in spec.fields.values()] == ["text", "fen", "person_name"]
    assert left_out_of(made)["明细.标签"] == "two levels deep; a contract has one"
    assert "unit: 元" in (made.mapping or "")
    assert "王伟" not in made.text
    assert sends(made, path, tmp_path) == {"accepted": COUNT}
    assert name in made.text


def test_people_within_a_list_become_tokens(tmp_path: Path) -> None:
    def riders(n: int) -> list[dict[str, Any]]:
        return [{"phone": f"138{n:08d}", "kind": "ab"[n % 2]}]

    path = lines(tmp_path, riders=riders)
    made = proposed(path)
    ((_, spec),) = made.contract.lists.items()
    assert (spec.fields["phone"].type, spec.fields["phone"].pii) == ("mobile", "tokenise")
    assert "13800000001" not in made.text
    assert sends(made, path, tmp_path) == {"accepted": COUNT}


def test_a_name_of_a_person_within_an_object_is_told_by_what_stands_around_it(tmp_path: Path) -> None:
    path = lines(tmp_path, buyer=lambda n: {"phone": f"138{n:08d}", "name": "王伟"})
    made = proposed(path)
    assert left_out_of(made)["buyer.name"].startswith("names of people: they are counted by tokens")
    assert "王伟" not in made.text
    assert sends(made, path, tmp_path) == {"accepted": COUNT}


def test_a_list_that_some_rows_lack_is_optional(tmp_path: Path) -> None:
    path = lines(tmp_path, parts=lambda n: [{"code": "A1"}] if n % 3 else None)
    made = proposed(path)
    assert made.contract.fields["parts"].optional
    assert made.contract.simulate["parts"].present < 100
    assert sends(made, path, tmp_path) == {"accepted": COUNT}


LEFT_OUT: dict[str, tuple[Make, str]] = {
    "plain values": (lambda n: ["a", "b"][: n % 3], "a list of plain values: the lists of a contract are of"),
    "empty lists": (lambda _: [], "its lists are always empty"),
    "no common key": (lambda n: {"ab"[n % 2]: n}, "no key that can be a field is in all of its objects"),
    "now an object, now a value": (lambda n: {"a": n} if n % 2 else n, "in some rows an object, in others"),
}


@pytest.mark.parametrize("case", LEFT_OUT)
def test_what_the_language_has_no_place_for_is_left_out_with_a_reason(case: str, tmp_path: Path) -> None:
    make, words = LEFT_OUT[case]
    path = lines(tmp_path, 附加=make)
    made = proposed(path)
    assert left_out_of(made)["附加"].startswith(words)
    assert sends(made, path, tmp_path) == {"accepted": COUNT}


def test_events_are_taken_as_they_are_so_their_objects_are_whole_or_left_out(tmp_path: Path) -> None:
    rows = [
        {"specversion": "1.0", "id": str(n), "source": "/a", "type": "a_source",
         "time": (TODAY - timedelta(hours=n)).isoformat(),
         "data": {"station": f"ZD{n % 4}", "parts": [{"code": "A1", "n": n}], "home": {"floorNo": n}}}
        for n in range(COUNT)
    ]  # fmt: skip
    made = proposed(write_lines(tmp_path / "events.jsonl", iter(rows)))
    assert {name: spec.type for name, spec in made.contract.fields.items()} == {
        "station": "enum",
        "parts": "list",
    }
    assert "cannot be taken whole" in left_out_of(made)["home"]
    assert made.mapping is None
