"""What the data engineer's page shows works as it stands there."""

from __future__ import annotations

import json
import re
from datetime import datetime

import pyarrow as pa

from streams.contract.loader import parse_contract
from streams.contract.types import NAMED_TYPES
from streams.judge.judge import Judge
from streams.settings import REPOSITORY

PAGE = (REPOSITORY / "docs" / "data-engineer.md").read_text(encoding="utf-8")
CONTRACT = re.findall(r"```yaml\n(.*?)```", PAGE, re.S)[0]
EVENT = re.findall(r"-d '(.*?)'", PAGE, re.S)[0]


def test_the_contract_shown_loads_and_its_examples_are_as_they_say() -> None:
    contract = parse_contract(CONTRACT, "data-engineer.md")
    assert contract.source == "parking_notice"
    assert len(contract.examples.bad) == 2


def test_the_event_shown_is_accepted_once_its_personal_field_is_a_token() -> None:
    contract = parse_contract(CONTRACT, "data-engineer.md")
    event = json.loads(EVENT)
    event["data"]["driver"] = "tk_" + "0" * 32
    batch = pa.table(
        {
            "topic": ["events.parking_notice"],
            "partition": pa.array([0], pa.int32()),
            "offset": pa.array([0], pa.int64()),
            "received_at": pa.array([datetime.fromisoformat(event["time"])], pa.timestamp("us", "UTC")),
            "value": pa.array([json.dumps(event).encode()], pa.binary()),
        }
    )
    verdicts = Judge({contract.source: contract}, "events.").judge(batch)
    assert verdicts.column("reasons").to_pylist() == [None]
    assert verdicts.column("accepted").to_pylist() == [True]


def test_every_named_type_is_on_the_page() -> None:
    assert [name for name in NAMED_TYPES if f"`{name}`" not in PAGE] == []
