"""A rule: an expectation, with the code and the Chinese title that operators know it by."""

from __future__ import annotations

from collections.abc import Iterable
from copy import copy
from dataclasses import dataclass
from typing import Any, TypeVar

import great_expectations.expectations as gxe
from great_expectations import ExpectationSuite
from great_expectations.expectations.metadata_types import FailureSeverity

CRITICAL, WARNING = FailureSeverity.CRITICAL, FailureSeverity.WARNING

E = TypeVar("E", bound=gxe.Expectation)


@dataclass(frozen=True)
class Rule:
    """code: unique in its suite. severity: a `warning` is shown and publishes nevertheless."""

    code: str
    title: str
    expectation: gxe.Expectation


def rule(
    code: str, title: str, kind: type[E], severity: FailureSeverity = CRITICAL, **arguments: Any
) -> Rule:
    """A rule whose expectation carries its code and title into results and Data Docs."""
    meta = {"code": code, "title": title, "notes": {"format": "string", "content": [title]}}
    return Rule(code, title, kind(severity=severity, meta=meta, **arguments))


def suite(name: str, rules: Iterable[Rule]) -> ExpectationSuite:
    """The rules as a suite; the name is `<source>.<what>`."""
    # Copies: an expectation belongs to one suite, and what failed is asked again in another.
    return ExpectationSuite(name=name, expectations=[copy(each.expectation) for each in rules])
