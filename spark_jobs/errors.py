"""What can go wrong with a Spark job. An event that is wrong is never an exception: it is a verdict.

    SparkJobError
    ├── FencedOff       another driver runs the same query on this database
    ├── PositionLost    Kafka no longer holds what a query has to read next, or holds something else there
    ├── OutOfOrder      a batch does not begin where the last committed one ended
    └── Stuck           a query commits nothing although there is something to read

All of them stop the process. Whoever supervises it starts it again, and it goes on from ops.position.
"""

from __future__ import annotations


class SparkJobError(Exception):
    """The system is wrong; the process must stop."""


class FencedOff(SparkJobError):
    """Another driver holds the lock of this query."""


class PositionLost(SparkJobError):
    """What stands in ops.position is not what Kafka has. Reading on would skip or repeat events."""


class OutOfOrder(SparkJobError):
    """A batch does not fit what is committed. Nothing of it has been written."""


class Stuck(SparkJobError):
    """A query does not go on. Started again, it might."""
