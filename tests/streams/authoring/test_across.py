"""What rows say together: steps of cases, what is said once, and ratios."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path
from random import Random

import pytest

from streams.authoring.draft import Draft, Wishes, draft
from streams.authoring.review import example_problems, warnings
from streams.authoring.sample import read_sample
from streams.contract import makers
from streams.contract.model import FieldSpec
from streams.simulator.city import City
from streams.simulator.day import SimulatedDay
from streams.zone import ZONE

TODAY = datetime.now(ZONE).replace(hour=0, minute=0, second=0, microsecond=0)
ANY = FieldSpec(title="x", type="text")
WISHES = Wishes("repair_case", "报修", "报修每走一步产生一条事件", "住建")


def proposed(folder: Path, headings: str, rows: list[str]) -> Draft:
    path = folder / "a.csv"
    path.write_text(f"{headings}\n" + "\n".join(rows), encoding="utf-8")
    return draft(read_sample(path), WISHES, TODAY.date())


def steps_of_cases(cases: int, *, slips: int = 0) -> list[str]:
    """Accepted, sent out, then mended or given up; a slip is mended before anybody was sent."""
    random = Random(3)
    rows = []
    for case in range(cases):
        at = TODAY - timedelta(days=random.randrange(3, 25), minutes=random.randrange(1_000))
        ways = ["受理", "派单", random.choice(("修复", "修复", "作废"))]
        if case < slips:
            ways = ["受理", "修复"]
        for step in ways:
            rows.append(f"{at:%Y-%m-%d %H:%M:%S},BX{case:06d},ZD{case % 9:03d},{step}")
            at += timedelta(minutes=random.randrange(10, 200))
    random.shuffle(rows)
    return rows


HEADINGS = "办理时间,报修单号,站点编号,办理状态"


def test_steps_of_cases_are_a_life_cycle(tmp_path: Path) -> None:
    """The order is that of time, whatever order the lines have."""
    made = proposed(tmp_path, HEADINGS, steps_of_cases(200))
    cycle = made.contract.life_cycle
    assert cycle is not None
    assert made.contract.fields[cycle.case].title == "报修单号"
    assert cycle.start == ("受理",)
    assert {step: set(then) for step, then in cycle.then.items()} == {
        "受理": {"派单"},
        "派单": {"修复", "作废"},
    }
    assert cycle.within == {"受理": timedelta(hours=4), "派单": timedelta(hours=4)}
    assert "600 of 600 steps go one of these ways" in made.text


def test_ways_that_are_seldom_are_told_and_left_out(tmp_path: Path) -> None:
    made = proposed(tmp_path, HEADINGS, steps_of_cases(300, slips=3))
    assert made.contract.life_cycle is not None
    assert made.contract.life_cycle.then["受理"] == ("派单",)
    assert "seldom, left out, would be flagged: 受理 -> 修复 (3)" in made.text


def test_a_life_cycle_that_is_proposed_can_be_simulated(tmp_path: Path) -> None:
    contract = proposed(tmp_path, HEADINGS, steps_of_cases(200)).contract
    assert len(list(SimulatedDay(City(contract), TODAY.date(), scale=5).sendings())) > 20
    assert example_problems(contract, "a") == []


def test_a_status_without_an_order_is_no_life_cycle(tmp_path: Path) -> None:
    random = Random(5)
    rows = [
        f"{TODAY - timedelta(hours=random.random() * 500):%Y-%m-%d %H:%M:%S},SB{n % 40:04d},ZD{n % 9:03d},"
        f"{random.choice(('正常', '告警', '离线'))}"
        for n in range(600)
    ]
    assert proposed(tmp_path, "上报时间,设备编号,站点编号,设备状态", rows).contract.life_cycle is None


def once_a_day(people: int, *, again: int = 0) -> list[str]:
    """Everybody once on each of forty days; some of them once more."""
    random = Random(7)
    numbers = [makers.resident_id(random, ANY) for _ in range(people)]
    days = [(person, day) for person in numbers for day in range(40)]
    days += [(numbers[n], 0) for n in range(again)]
    rows = []
    for n, (person, day) in enumerate(days):
        at = TODAY - timedelta(days=day + 1) + timedelta(minutes=n % 600)
        rows.append(f"{at:%Y-%m-%d %H:%M:%S},ZD{n % 9:03d},{person}")
    return rows


def test_what_is_said_once_a_day_is_a_rule_with_its_counter_example(tmp_path: Path) -> None:
    made = proposed(tmp_path, "打卡时间,站点编号,身份证号", once_a_day(60))
    assert made.contract.unique["person_id"].per == "day"
    assert "never twice in 2,400 rows of 40 days; by chance about 1,170 would repeat" in made.text
    assert {bad.because for bad in made.contract.examples.bad} >= {"unique:person_id"}
    assert not [each for each in warnings(made.contract, "a") if "unique" in each.what]


def test_the_few_that_repeat_are_listed(tmp_path: Path) -> None:
    text = proposed(tmp_path, "打卡时间,站点编号,身份证号", once_a_day(60, again=2)).text
    assert "twice in lines 2402, 2403 of 2,402 rows of 40 days, which would be refused" in text


def test_what_chance_alone_could_keep_apart_is_no_rule(tmp_path: Path) -> None:
    """Each of many people comes twice in forty days: that nobody came twice on one of them says little."""
    random = Random(9)
    rows = []
    for number in range(300):
        person = makers.resident_id(random, ANY)
        for day in random.sample(range(40), 2):
            rows.append(f"{TODAY - timedelta(days=day + 1):%Y-%m-%d} 08:00:00,ZD{number % 9:03d},{person}")
    assert proposed(tmp_path, "打卡时间,站点编号,身份证号", rows).contract.unique == {}


def test_parts_of_a_whole_and_averages_are_ratios(tmp_path: Path) -> None:
    random = Random(11)
    rows = []
    for n in range(300):
        subsidy, paid = random.randrange(100, 900), random.randrange(100, 900)
        rows.append(
            f"{TODAY - timedelta(minutes=7 * n):%Y-%m-%d %H:%M:%S},ZD{n % 9:03d},"
            f"{makers.resident_id(random, ANY)},{(subsidy + paid) / 100:.2f},"
            f"{subsidy / 100:.2f},{paid / 100:.2f}"
        )
    made = proposed(tmp_path, "用餐时间,站点编号,身份证号,餐费(元),补贴(元),自付(元)", rows)
    ratios = {
        each.title: (each.of, each.to, each.unit) for each in made.contract.metrics["events"].ratios.values()
    }
    measures = made.contract.metrics["events"].measures
    share = next(ratio for title, ratio in ratios.items() if title.endswith("占餐费之比"))
    assert measures[share[0]].title in ("补贴合计", "自付合计")
    assert (measures[share[1]].title, share[2]) == ("餐费合计", "percent")
    assert ratios.keys() >= {"件均餐费", "人均餐费"}
    assert "yuan an event" in made.text


@pytest.mark.parametrize("rows", [1, 2, 3])
def test_a_handful_of_rows_says_nothing_together(tmp_path: Path, rows: int) -> None:
    made = proposed(tmp_path, HEADINGS, steps_of_cases(1)[:rows])
    assert (made.contract.life_cycle, made.contract.unique) == (None, {})
