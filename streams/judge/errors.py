"""What the judge raises when the *system* is wrong. A wrong *event* is never an exception, it is a verdict.

JudgeFailed    DuckDB could not do its work (memory, a defect): the batch has no verdict, try it again
"""

from __future__ import annotations

from streams.errors import StreamsError


class JudgeFailed(StreamsError):
    """The batch was not judged, nothing is known of its events; whoever supervises starts again."""
