"""What can be wrong with a gate itself. A day that does not pass is no error: it is a result.

ExpectationsError
├── CannotDerive     a rule of a contract has no expectation; nothing is validated with part of a contract
└── CannotEvaluate   an expectation raised instead of answering
"""

from __future__ import annotations


class ExpectationsError(Exception):
    """Great Expectations gave no answer; the day is treated as not judged, and is not published."""


class CannotDerive(ExpectationsError):
    """No expectation is known for something that a contract says."""


class CannotEvaluate(ExpectationsError):
    """An expectation raised; the message names it and what it said."""
