"""A contract with every kind of field that files bring, and its import without Kafka."""

from __future__ import annotations

import csv
from collections.abc import Callable
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from streams.contract.loader import parse_contract
from streams.contract.model import Contract
from streams.importer.mapping import ColumnMapping
from streams.importer.readers import open_table
from streams.importer.run import Import, Summary, import_table
from streams.tokens import Tokens

CONTRACT = """\
source: meal_file
title: 用餐明细
about: 测试用
owner: 民政
topic: {key: canteen_id}
accept: {past: 20000d}
fields:
  division:   {title: 行政区划, type: division}
  canteen_id: {title: 食堂编号, type: text, pattern: 'ST\\d{6}'}
  meal:       {title: 餐次, type: enum, values: {breakfast: 早餐, lunch: 午餐, dinner: 晚餐}}
  elder:      {title: 老人身份证号, type: cn_id, pii: tokenise}
  price_fen:  {title: 餐费, type: fen, range: [0, 500000]}
  takeaway:   {title: 是否打包, type: bool, optional: true}
  born_on:    {title: 出生日期, type: date, optional: true}
  note:       {title: 备注, type: text, max_length: 40, optional: true}
metrics:
  meals: {title: 用餐, by: [division, meal], measures: {meals: {title: 人次, of: count}}}
expect: {open: {mon-sun: '00:00-24:00'}, per_day: 10, by_hour: {12: 100}, silent_after: 1d}
examples:
  good:
    - division: '330302'
      canteen_id: ST302001
      meal: lunch
      elder: tk_00000000000000000000000000000001
      price_fen: 1
"""
HEADINGS = ["行政区划", "食堂编号", "餐次", "老人身份证号", "餐费（元）", "用餐时间"]
ELDER = "330302194001011232"


def row(**changed: str) -> list[str]:
    right = dict(
        zip(HEADINGS, ["鹿城区", "ST302001", "午餐", ELDER, "12.50", "2022-05-04 11:32:08"], strict=True)
    )
    return list((right | changed).values())


@pytest.fixture
def contract() -> Contract:
    return parse_contract(CONTRACT, "meal_file.yaml")


@pytest.fixture
def write_csv(tmp_path: Path) -> Callable[..., Path]:
    def write(rows: list[list[str]], encoding: str = "utf-8", headings: list[str] = HEADINGS) -> Path:
        path = tmp_path / "meals.csv"
        with path.open("w", encoding=encoding, newline="") as file:
            csv.writer(file).writerows([headings, *rows])
        return path

    return write


@pytest.fixture
def dry_run(contract: Contract, tmp_path: Path) -> Callable[..., Summary]:
    """Import a file without sending."""

    def run(path: Path, mapping: ColumnMapping | None = None, zone: str = "Asia/Shanghai") -> Summary:
        wanted = Import(
            contract,
            "/import/test",
            ZoneInfo(zone),
            mapping or ColumnMapping(),
            Tokens.of("k" * 32),
            "events.",
        )
        with open_table(path) as table:
            return import_table(table, wanted, None, tmp_path / "refused.csv")

    return run
