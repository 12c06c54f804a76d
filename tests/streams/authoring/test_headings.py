"""Headings become names of fields."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.authoring.headings import name_of, title_of
from streams.contract.rules.fields import ENVELOPE, RESERVED

NAMES = {
    "身份证号": "person_id",
    "用餐人次": "meal_visits",
    "骑行时长(分钟)": "ride_duration",
    "费用（元）": "fee",
    "创建时间": "created_time",
    "借车站点编号": "jieche_station_no",
    "Request Type": "request_type",
    "createdDate": "created_date",
    "SRNumber": "sr_number",
    "2020年": "field_2020_nian",
    "minute": "minute_said",
    "时间": "time_said",
    "id": "id_said",
    "Type": "type_said",
    "***": "field",
}


@pytest.mark.parametrize(("heading", "name"), NAMES.items())
def test_a_heading_becomes_a_name(heading: str, name: str) -> None:
    assert name_of(heading) == name


@given(st.text(max_size=80), st.lists(st.sampled_from(["fee", "field", "field_2"])))
def test_any_heading_becomes_a_name_that_is_free(heading: str, taken: list[str]) -> None:
    name = name_of(heading, taken)
    assert re.fullmatch(r"[a-z][a-z0-9]*(_[a-z0-9]+)*", name)
    assert len(name) <= 40
    assert name not in taken
    assert name not in RESERVED | ENVELOPE


def test_a_title_is_the_heading_without_its_unit() -> None:
    assert title_of("费用(元)") == "费用"
    assert title_of("Request  Type") == "Request Type"
