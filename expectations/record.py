"""Answers kept in PostgreSQL, where operators and dashboards read them."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import date
from typing import Literal

from expectations.answers import Answer
from spark_jobs.rollup.ledger import Connection

Scope = Literal["live", "day"]


def passes(answers: Sequence[Answer]) -> bool:
    """Whether nothing that was asked forbids publishing."""
    return not any(answer.blocks for answer in answers)


def record(
    connection: Connection,
    scope: Scope,
    source: str,
    day: date,
    answers: Sequence[Answer],
    *,
    revision: int | None = None,
) -> None:
    """One row of ops.validation: what was asked, what failed and why. Failed rules stand first.

    `failed` counts every rule that did not hold, as Data Docs do; `success` is whether none of them blocks.
    """
    ordered = sorted(answers, key=lambda answer: (answer.success, not answer.blocks))
    connection.execute(
        "insert into ops.validation (scope, source, event_day, revision, success, evaluated, failed, results)"
        " values (%s, %s, %s, %s, %s, %s, %s, %s)",
        (
            scope,
            source,
            day,
            revision,
            passes(answers),
            len(answers),
            sum(not answer.success for answer in answers),
            json.dumps([answer.as_json() for answer in ordered], ensure_ascii=False),
        ),
    )
