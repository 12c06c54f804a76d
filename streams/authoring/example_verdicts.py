"""What the judge says of a contract's own examples."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import pyarrow as pa

from streams.authoring.examples import as_events
from streams.contract.model import Contract
from streams.judge.judge import Judge

_PREFIX = "examples."
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
    batch = pa.table(
        {
            "topic": pa.array([_PREFIX + contract.source] * len(values), pa.string()),
            "partition": pa.array([0] * len(values), pa.int32()),
            "offset": pa.array(range(len(values)), pa.int64()),
            "received_at": pa.array([RECEIVED] * len(values), pa.timestamp("us", "UTC")),
            "value": pa.array(values, pa.binary()),
        }
    )
    judged = Judge({contract.source: contract}, _PREFIX).judge(batch)
    verdicts = [
        Verdict(tuple((reason["code"], reason["field"]) for reason in reasons or ()))
        for reasons in judged.column("reasons").to_pylist()
    ]
    return verdicts[: len(good)], verdicts[len(good) :]
