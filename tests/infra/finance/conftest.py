"""A lake with a day of events, as the tests of the rollup have it."""

from tests.spark_jobs.rollup.conftest import deployed, spark, tell

__all__ = ["deployed", "spark", "tell"]
