"""What Great Expectations answered, as rows that an operator can read."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Any

from great_expectations.core import ExpectationSuiteValidationResult, ExpectationValidationResult

from expectations import wording
from expectations.errors import CannotEvaluate

MOST_EXAMPLES = 5
LONGEST_EXAMPLE = 80


@dataclass(frozen=True)
class Answer:
    """The answer to one rule. `suite` is `<source>.<what>`; `message` is Chinese and says what was seen."""

    suite: str
    code: str
    title: str
    severity: str
    success: bool
    message: str
    unexpected: int | None = None
    examples: tuple[str, ...] = ()

    @property
    def blocks(self) -> bool:
        """Whether a day with this answer must not be published."""
        return not self.success and self.severity == "critical"

    def as_json(self) -> dict[str, Any]:
        """As it stands in ops.validation.results."""
        return asdict(self)


def answers(result: ExpectationSuiteValidationResult) -> Iterator[Answer]:
    """One answer a rule, in the suite's order. Raises CannotEvaluate where an expectation raised."""
    for each in result.results:
        if each.expectation_config is None:
            raise CannotEvaluate(
                f"{result.suite_name}: Great Expectations gave an answer without its question"
            )
        _demand_an_answer(result.suite_name, each)
        yield _answer(result.suite_name, each)


def _demand_an_answer(suite: str, result: ExpectationValidationResult) -> None:
    raised = result.exception_info or {}
    infos = [raised] if "raised_exception" in raised else list(raised.values())
    for info in infos:
        if info.get("raised_exception"):
            kind = result.expectation_config.type if result.expectation_config else "?"
            raise CannotEvaluate(f"{suite}: {kind} raised: {info.get('exception_message')}")


def _answer(suite: str, result: ExpectationValidationResult) -> Answer:
    config = result.expectation_config
    assert config is not None  # noqa: S101 (`answers` has refused that)
    found = result.result or {}
    success = bool(result.success)
    severity = str(config.severity.value if hasattr(config.severity, "value") else config.severity)
    examples = () if success else _examples(found)
    return Answer(
        suite=suite,
        code=str(config.meta["code"]),
        title=str(config.meta["title"]),
        severity=severity,
        success=success,
        message=wording.PASSED if success else _message(severity, found, examples),
        unexpected=None if success else found.get("unexpected_count"),
        examples=examples,
    )


def _message(severity: str, found: dict[str, Any], examples: tuple[str, ...]) -> str:
    parts = [wording.WARNED if severity == "warning" else wording.FAILED]
    if found.get("unexpected_count") is not None:
        parts.append(wording.text(wording.UNEXPECTED, count=found["unexpected_count"]))
    elif found.get("partial_missing_list"):
        parts.append(
            wording.text(wording.MISSING, values="、".join(map(_short, found["partial_missing_list"])))
        )
    elif found.get("observed_value") is not None:
        parts.append(wording.text(wording.OBSERVED, value=_short(found["observed_value"])))
    if examples:
        parts.append(wording.text(wording.EXAMPLES, examples="；".join(examples)))
    return "，".join(parts)


def _examples(found: dict[str, Any]) -> tuple[str, ...]:
    """Where a rule failed: the groups by name where they have one, otherwise the values."""
    places = found.get("partial_unexpected_index_list") or found.get("unexpected_index_list") or []
    values = places or found.get("partial_unexpected_list") or []
    return tuple(dict.fromkeys(_short(value) for value in values[:MOST_EXAMPLES]))


def _short(value: object) -> str:
    if isinstance(value, dict):
        text = " ".join(f"{key}={_short(item)}" for key, item in value.items())
    else:
        text = wording.EMPTY if value is None else _seen(str(value))
    return text if len(text) <= LONGEST_EXAMPLE else text[: LONGEST_EXAMPLE - 1] + "…"


def _seen(text: str) -> str:
    """The text without anything that a terminal would obey."""
    return "".join(each if each.isprintable() or each == "　" else "·" for each in text)
