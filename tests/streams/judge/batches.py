"""Batches of events as the judge gets them, and a contract with a field of every kind."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa

from streams.contract.loader import load_contract, load_contracts
from streams.judge.judge import Judge
from streams.judge.schema import INPUT
from streams.settings import Settings

RECEIVED = datetime(2026, 9, 1, 12, 0, tzinfo=UTC)
PREFIX = "events."
ZOO = load_contract(Path(__file__).parent / "zoo.yaml")
CONTRACTS = {"zoo": ZOO, **load_contracts(Settings().contracts_dir)}
JUDGE = Judge(CONTRACTS, PREFIX)


def batch(
    values: Sequence[bytes | None],
    topics: str | Sequence[str] = "events.zoo",
    received: datetime | Sequence[datetime] = RECEIVED,
) -> pa.Table:
    count = len(values)
    return pa.table(
        {
            "topic": [topics] * count if isinstance(topics, str) else list(topics),
            "partition": pa.array([3] * count, pa.int32()),
            "offset": pa.array(range(100, 100 + count), pa.int64()),
            "received_at": [received] * count if isinstance(received, datetime) else list(received),
            "value": list(values),
        },
        schema=INPUT,
    )


def animal(**changes: Any) -> dict[str, Any]:
    """The data of a zoo event that is right; a field set to ... is left out."""
    data = {**ZOO.examples.good[0], **changes}
    return {name: value for name, value in data.items() if value is not ...}


def event(data: Any = None, **attributes: Any) -> dict[str, Any]:
    """A whole event; an attribute set to ... is left out."""
    whole = {
        "specversion": "1.0",
        "id": "a-1",
        "source": "/wenzhou/zoo",
        "type": "zoo",
        "time": "2026-09-01T18:30:00+08:00",
        "datacontenttype": "application/json",
        "data": animal() if data is None else data,
        **attributes,
    }
    return {name: value for name, value in whole.items() if value is not ...}


def encoded(value: Any) -> bytes:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "surrogatepass")


def verdicts(values: Sequence[bytes | None], **keywords: Any) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = JUDGE.judge(batch(values, **keywords)).to_pylist()
    return found


def verdict(value: bytes | None, **keywords: Any) -> dict[str, Any]:
    return verdicts([value], **keywords)[0]


def codes(found: dict[str, Any]) -> list[tuple[str, str | None]]:
    return [(reason["code"], reason["field"]) for reason in found["reasons"] or []]
