"""Logs of these jobs: JSON lines on stderr; stdout belongs to results."""

from __future__ import annotations

import sys

import structlog


def to_stderr() -> None:
    """Have every log line of this process go to stderr as JSON."""
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.JSONRenderer(ensure_ascii=False),
        ],
        # looked up with each line: what stderr is now may be closed by then, as under a test
        logger_factory=lambda *_: structlog.PrintLogger(sys.stderr),
    )
