"""The CloudEvents envelope: what is right passes, what is wrong is named by its attribute."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.envelope import Reason, envelope_reasons, is_rfc3339

EVENT: dict[str, Any] = {
    "specversion": "1.0",
    "id": "2026-05-04-000017",
    "source": "/wenzhou/minzheng/canteen",
    "type": "canteen_meal",
    "time": "2026-05-04T11:32:08+08:00",
    "datacontenttype": "application/json",
    "data": {"division": "330302"},
}


@pytest.mark.parametrize(
    "more",
    [
        {},
        {"sequence": "17", "traceparent": "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"},
        {"subject": "ST302001", "dataschema": "https://example.org/schema"},
        {"time": "2026-05-04T03:32:08.123456789Z"},
        {"datacontenttype": "application/json; charset=utf-8"},
        {"datacontenttype": None, "subject": None},
        {"source": "urn:uuid:6e8bc430-9c3a-11d9-9669-0800200c9a66"},
        {"source": "//example.org/%E9%A3%9F%E5%A0%82?a=b#c"},
        {"flag": True, "number": -(2**31)},
    ],
)
def test_a_right_envelope_has_no_reasons(more: dict[str, Any]) -> None:
    assert envelope_reasons(EVENT | more) == []


@pytest.mark.parametrize(
    ("change", "code", "field"),
    [
        ({"specversion": "0.3"}, "bad_envelope", "specversion"),
        ({"specversion": 1.0}, "bad_envelope", "specversion"),
        ({"id": ""}, "bad_envelope", "id"),
        ({"id": 17}, "bad_envelope", "id"),
        ({"id": "a\u0000b"}, "bad_envelope", "id"),
        ({"id": "a" * 513}, "bad_envelope", "id"),
        ({"id": "half a pair \ud83d"}, "bad_envelope", "id"),
        ({"source": "with blank"}, "bad_envelope", "source"),
        ({"source": "/%zz"}, "bad_envelope", "source"),
        ({"type": "Canteen Meal"}, "bad_envelope", "type"),
        ({"type": "canteen_meal\n"}, "bad_envelope", "type"),
        ({"time": "2026-05-04T11:32:08"}, "bad_time", "time"),
        ({"time": "2026-02-30T11:32:08Z"}, "bad_time", "time"),
        ({"time": "2026-05-04 11:32:08Z"}, "bad_time", "time"),
        ({"time": "２０２６-05-04T11:32:08Z"}, "bad_time", "time"),
        ({"time": None}, "bad_envelope", "time"),
        ({"data": [1]}, "bad_envelope", "data"),
        ({"data": None}, "bad_envelope", "data"),
        ({"datacontenttype": "text/xml"}, "bad_envelope", "datacontenttype"),
        ({"subject": ""}, "bad_envelope", "subject"),
        ({"number": 2**31}, "bad_envelope", "number"),
        ({"nested": {"a": 1}}, "bad_envelope", "nested"),
        ({"ratio": 0.5}, "bad_envelope", "ratio"),
        ({"data_base64": "AA=="}, "bad_envelope", None),
        ({"<script>": "x"}, "bad_envelope", None),
        ({"id": "330302194001011232"}, "untokenised", "id"),
        ({"source": "/x/13800138000"}, "untokenised", "source"),
        ({"source": "/x/%313800138000"}, "untokenised", "source"),
        ({"subject": "6222021234567890128"}, "untokenised", "subject"),
        ({"sequence": "13800138000"}, "untokenised", "sequence"),
        ({"dataschema": "https://example.org/13800138000"}, "untokenised", "dataschema"),
        ({"datacontenttype": "application/json; x=13800138000"}, "untokenised", "datacontenttype"),
        ({"phone": "13800138000"}, "untokenised", "phone"),
        ({"tel13800138000": True}, "bad_envelope", None),
    ],
)
def test_a_wrong_attribute_is_named(change: dict[str, Any], code: str, field: str | None) -> None:
    found = envelope_reasons(EVENT | change)
    assert [(reason.code, reason.field) for reason in found] == [(code, field)]


def test_every_missing_attribute_is_named_at_once() -> None:
    found = envelope_reasons({"specversion": "1.0"})
    assert [reason.field for reason in found] == ["id", "source", "type", "time", "data"]


def test_more_extensions_than_anybody_needs_are_refused() -> None:
    found = envelope_reasons(EVENT | {f"x{number}": "1" for number in range(17)})
    assert found == [Reason("bad_envelope", None, "more than 16 extensions")]


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=10,
)


@given(st.dictionaries(st.sampled_from([*EVENT, "extension"]), JSON))
def test_any_object_gets_reasons_and_never_an_exception(event: dict[str, Any]) -> None:
    assert all(
        reason.code in ("bad_envelope", "bad_time", "untokenised") for reason in envelope_reasons(event)
    )


@given(st.datetimes(timezones=st.timezones()))
def test_every_time_that_python_writes_is_a_time(moment: Any) -> None:
    offset = moment.utcoffset()
    whole_minutes = (
        offset is not None and offset.total_seconds() % 60 == 0 and abs(offset.total_seconds()) < 86400
    )
    assert is_rfc3339(moment.isoformat()) == whole_minutes
