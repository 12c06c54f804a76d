"""`python -m spark_jobs.class_archive FILE`: keep what the JVM of a job has loaded, for those to come.

A JVM spends half of a job's first seconds reading thousands of classes from jars and checking them. Class
data sharing maps them from one file instead (decision 146). The file fits one Java and one class path; where
it does not, the JVM starts without it.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path

import pyarrow as pa
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F  # noqa: N812 (what everybody calls it)

from spark_jobs.session import QUICK_COMPILER, build_session
from streams.settings import Settings

DUMP_SECONDS = 120


def main() -> int:
    """Exit code 0 when FILE is there afterwards."""
    parser = argparse.ArgumentParser(prog="python -m spark_jobs.class_archive", description=__doc__)
    parser.add_argument("file", type=Path)
    file: Path = parser.parse_args().file
    with tempfile.TemporaryDirectory() as folder:
        settings = Settings(
            home=Path(folder), spark_master="local[2]", spark_class_archive=Path(folder, "none")
        )
        options = f"{QUICK_COMPILER} -XX:ArchiveClassesAtExit={file}"
        session = build_session(settings, "class archive", java_options=options)
        load_classes(session, Path(folder))
        session.stop()
        end_jvm(session)
    return int(not file.exists())


def load_classes(session: SparkSession, folder: Path) -> None:
    """Do once, with a few rows, what live query, archive and rollup do with many."""
    lake = str(folder / "lake")
    rows = session.range(1_000).selectExpr(
        "id", "id % 7 as k", "cast(id as string) as v", "current_date() as day"
    )
    rows.write.format("delta").partitionBy("day").save(lake)
    rows.write.format("delta").mode("append").save(lake)
    read = session.read.format("delta").load(lake)
    again = read.coalesce(2).mapInArrow(_unchanged, read.schema).persist()
    often = again.groupBy("k").agg(F.count("*").alias("n"), F.sum("id"), F.count_distinct("v"))
    again.join(often.where("n > 1"), "k", "left_anti").toArrow()
    again.where("k = 1").toArrow()
    list(again.where("k = 2").toLocalIterator())
    session.read.parquet(lake).select(F.from_json(F.to_json(F.struct("id")), "id bigint")).toArrow()

    def batch(records: DataFrame, _number: int) -> None:
        kept = records.coalesce(2).mapInArrow(_unchanged, records.schema).persist()
        kept.toArrow()
        kept.unpersist()

    writer = session.readStream.format("delta").load(lake).writeStream.foreachBatch(batch)
    writer = writer.option("checkpointLocation", str(folder / "checkpoint")).trigger(availableNow=True)
    writer.start().awaitTermination()


def _unchanged(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    yield from batches


def end_jvm(session: SparkSession) -> None:
    """Let the JVM end by itself, which is when it writes the file; it outlives its session otherwise."""
    gateway = session.sparkContext._gateway
    assert gateway is not None  # noqa: S101 (it is where there is a session)
    gateway.shutdown()
    gateway.proc.stdin.close()
    gateway.proc.wait(DUMP_SECONDS)


if __name__ == "__main__":
    sys.exit(main())
