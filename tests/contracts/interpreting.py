"""Spark without compiling: of hundreds of plans over a few rows compiling is nearly all of the time."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from pyspark.sql import SparkSession

OPTIONS = {"spark.sql.codegen.wholeStage": "false", "spark.sql.codegen.factoryMode": "NO_CODEGEN"}


@contextmanager
def interpreted(spark: SparkSession) -> Iterator[None]:
    """The session's plans are interpreted while the block runs: the same results, sooner."""
    before = {name: spark.conf.get(name) for name in OPTIONS}
    for name, value in OPTIONS.items():
        spark.conf.set(name, value)
    try:
        yield
    finally:
        for name, value in before.items():
            spark.conf.set(name, str(value))
