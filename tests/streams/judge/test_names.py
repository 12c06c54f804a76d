"""Names, addresses and plates have no form that a mask could know: they are hidden by where they stand."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from random import Random
from typing import Any

import pyarrow as pa
import pytest

from streams.admission import Admission
from streams.contract.loader import parse_contract
from streams.contract.types import NAMED_TYPES
from streams.judge.judge import Judge
from streams.tokens import Tokens, is_token
from tests.streams.contract.seeded import SOUND

FIELDS = """  driver:   {title: 司机, type: person_name, pii: tokenise, optional: true}
  plate:    {title: 车牌号, type: plate, pii: tokenise, optional: true}
  home:     {title: 住址, type: address, pii: tokenise, optional: true}
checks:
"""
CONTRACT = parse_contract(SOUND.replace("checks:\n", FIELDS, 1), "kiosk_sale.yaml")
PERSON = {"driver": "阿卜杜拉·买买提", "plate": "浙C·12345", "home": "鹿城区五马街道1号"}
NOW = datetime(2026, 11, 2, 4, tzinfo=UTC)


def event(data: dict[str, Any]) -> dict[str, Any]:
    return {
        "specversion": "1.0", "id": "1", "source": "/a", "type": "kiosk_sale",
        "time": "2026-11-02T12:00:00+08:00", "data": {**CONTRACT.examples.good[0], **data},
    }  # fmt: skip


def excerpt_of(text: bytes) -> str:
    batch = pa.table(
        {
            "topic": ["events.kiosk_sale"],
            "partition": pa.array([0], pa.int32()),
            "offset": pa.array([0], pa.int64()),
            "received_at": pa.array([NOW], pa.timestamp("us", "UTC")),
            "value": pa.array([text], pa.binary()),
        }
    )
    (verdict,) = Judge({"kiosk_sale": CONTRACT}, "events.").judge(batch).to_pylist()
    assert not verdict["accepted"]
    return str(verdict["excerpt"])


@pytest.mark.parametrize("ensure_ascii", [True, False])
def test_the_excerpt_of_what_came_by_another_way_shows_nobody(ensure_ascii: bool) -> None:
    shown = excerpt_of(json.dumps(event(PERSON), ensure_ascii=ensure_ascii).encode())
    for value in PERSON.values():
        assert value not in shown
        assert json.dumps(value)[1:-1] not in shown
    assert '"kiosk"' in shown


def test_names_that_are_written_in_a_way_of_their_own_hide_the_event() -> None:
    odd = json.dumps(event(PERSON), ensure_ascii=False).replace("阿卜", "阿\\u535C").encode()
    assert excerpt_of(odd) == "***"


def test_names_in_a_list_are_hidden_too() -> None:
    assert "王伟" not in excerpt_of(json.dumps(event({"driver": ["王伟"]}), ensure_ascii=False).encode())


def test_the_edge_makes_tokens_and_one_of_all_spellings() -> None:
    admission = Admission({"kiosk_sale": CONTRACT}, "events.", Tokens(b"k" * 32))
    buyer = NAMED_TYPES["cn_id"].make(Random(1), CONTRACT.fields["buyer"])
    spellings = [PERSON, {"driver": "阿卜杜拉•买买提", "plate": "浙c12345", "home": " 鹿城区五马街道１号"}]
    first, second = admission.admit([event({"buyer": buyer, **each}) for each in spellings], NOW)
    assert (first.reasons, second.reasons) == ((), ())
    assert first.record is not None
    assert second.record is not None
    one, other = (json.loads(each.record.value)["data"] for each in (first, second) if each.record)
    assert {name: one[name] for name in PERSON} == {name: other[name] for name in PERSON}
    assert all(is_token(one[name]) for name in PERSON)


def test_the_edge_refuses_what_is_no_name_plate_or_address() -> None:
    admission = Admission({"kiosk_sale": CONTRACT}, "events.", Tokens(b"k" * 32))
    buyer = NAMED_TYPES["cn_id"].make(Random(1), CONTRACT.fields["buyer"])
    wrong = {"buyer": buyer, "driver": "J. Smith", "plate": "浙C1234", "home": "路"}
    (verdict,) = admission.admit([event(wrong)], NOW)
    assert {(reason.code, reason.field) for reason in verdict.reasons} == {
        ("bad_pattern", name) for name in PERSON
    }
