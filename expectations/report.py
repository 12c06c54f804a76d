"""What came of rolling up a day, for people and for whoever supervises."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import date
from typing import Any, Literal

from expectations.answers import Answer
from spark_jobs.rollup.day import Counts

REFUSED_BY_THE_GATE = 3
_GRAVEST_FIRST = (1, 2, REFUSED_BY_THE_GATE, 75)


@dataclass(frozen=True)
class Report:
    """One source and day. `message` is for people; `refused` are the rules that forbid publishing."""

    source: str
    day: date
    outcome: Literal["published", "unchanged", "refused", "rehearsed", "staged", "failed"]
    exit_code: int
    message: str
    seconds: float
    revision: int | None = None
    counts: Counts | None = None
    refused: tuple[Answer, ...] = ()

    def as_json(self) -> dict[str, Any]:
        """For --json, and for logs."""
        return {
            "source": self.source,
            "day": self.day.isoformat(),
            "outcome": self.outcome,
            "revision": self.revision,
            "message": self.message,
            **({} if self.counts is None else asdict(self.counts)),
            "refused": [answer.as_json() for answer in self.refused],
            "seconds": round(self.seconds, 1),
        }


def exit_code(reports: Sequence[Report]) -> int:
    """The gravest: an error before a refusal, a refusal before a day that only has to wait; 0 without any."""
    return next((code for code in _GRAVEST_FIRST if any(report.exit_code == code for report in reports)), 0)
