"""What the judge says of a contract's own examples."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import pyarrow as pa

from streams.contract.model import Contract
from streams.judge.plan import compile_contract
from streams.judge.schema import TIME
from streams.judge.verdicts import reasons_one_by_one

RECEIVED = datetime(2022, 6, 15, 4, tzinfo=UTC)
"""When examples happen and are received; the acceptance window is asked by times of their own."""


@dataclass(frozen=True)
class Verdict:
    """`reasons`: (code, field) of each; none where the example is accepted."""

    reasons: tuple[tuple[str, str | None], ...]

    def gives(self, code: str, field: str | None) -> bool:
        """Whether it is rejected for that reason."""
        return any(found == code and field in (None, where) for found, where in self.reasons)


def example_verdicts(contract: Contract) -> tuple[list[Verdict], list[Verdict]]:
    """A verdict for each good example, and for each bad one."""
    good: list[tuple[dict[str, Any], str | None]] = [(dict(data), None) for data in contract.examples.good]
    bad = [(dict(example.data), example.time) for example in contract.examples.bad]
    values = as_events(contract.source, good + bad, RECEIVED)
    received = pa.array([RECEIVED] * len(values), TIME)
    found = reasons_one_by_one(compile_contract(contract), received, pa.array(values, pa.binary()))
    verdicts = [
        Verdict(tuple((reason["code"], reason["field"]) for reason in reasons or ()))
        for reasons in found.to_pylist()
    ]
    return verdicts[: len(good)], verdicts[len(good) :]


def as_events(
    source: str, examples: Sequence[tuple[dict[str, Any], str | None]], at: datetime
) -> list[bytes]:
    """(data, time) as CloudEvents in JSON; without a time of their own they happen at `at`."""
    return [
        json.dumps(
            {
                "specversion": "1.0",
                "id": f"example-{number}",
                "source": "/examples",
                "type": source,
                "time": time or at.isoformat(),
                "datacontenttype": "application/json",
                "data": data,
            },
            ensure_ascii=False,
        ).encode()
        for number, (data, time) in enumerate(examples, 1)
    ]
