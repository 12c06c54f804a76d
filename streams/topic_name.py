"""What the topic of a source is called. Apart from topics.py, so that who judges needs no client of Kafka."""

from __future__ import annotations


def topic_name(prefix: str, source: str) -> str:
    """The topic of a source: `events.<source>`."""
    return prefix + source
