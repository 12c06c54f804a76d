"""What is told of a rule that failed, without asking Great Expectations for it."""

from __future__ import annotations

from great_expectations.core import ExpectationSuiteValidationResult, ExpectationValidationResult
from great_expectations.expectations.expectation_configuration import ExpectationConfiguration

from expectations.answers import answers


def test_values_of_events_are_shown_without_what_a_terminal_would_obey() -> None:
    config = ExpectationConfiguration(
        type="expect_column_values_to_be_in_set", kwargs={}, meta={"code": "c", "title": "渠道"}
    )
    found = {"unexpected_count": 2, "partial_unexpected_list": ["\x1b[2J窗口\r\n", "自助　机", None]}
    result = ExpectationValidationResult(success=False, expectation_config=config, result=found)
    suite = ExpectationSuiteValidationResult(False, [result], "s", {}, {})
    (answer,) = answers(suite)
    assert answer.examples == ("·[2J窗口··", "自助　机", "（空）")
    assert "·[2J窗口··" in answer.message
