"""What a contract must satisfy beyond its form: names exist, types fit, everything can be derived.

A rule that cannot be derived is refused here, when the contract is read; it is never skipped later.
"""

from __future__ import annotations

from collections.abc import Iterator

from streams.contract.model import Contract
from streams.contract.rules import (
    days,
    examples,
    fields,
    life_cycle,
    metrics,
    ratios,
    rhythm,
    simulated,
    unique,
)
from streams.contract.rules.complaint import Complaint

__all__ = ["Complaint", "complaints"]


def complaints(contract: Contract) -> Iterator[Complaint]:
    """Everything that is wrong with a contract whose form is right.

    Later sections are asked only where the fields are sound: they build on them.
    """
    of_fields = list(fields.complaints(contract))
    yield from of_fields
    if of_fields:
        return
    yield from fields.topic_complaints(contract)
    yield from fields.check_complaints(contract)
    yield from unique.complaints(contract)
    yield from life_cycle.complaints(contract)
    of_metrics = list(metrics.complaints(contract))
    yield from of_metrics
    yield from ratios.complaints(contract)
    yield from rhythm.complaints(contract)
    if not of_metrics:
        yield from days.complaints(contract)
    yield from simulated.complaints(contract)
    yield from examples.complaints(contract)
