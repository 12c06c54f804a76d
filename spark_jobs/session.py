"""The Spark session of every job: the same options locally and on a cluster."""

from __future__ import annotations

import os
import re
import sys
from pathlib import Path

from pyspark.sql import SparkSession

from streams.settings import Settings

CONFIGURATION = Path(__file__).parent / "conf"
LOOPBACK = "127.0.0.1"
LOCAL = re.compile(r"local\[([0-9]+)\]")
ARROW_ROWS = 20_000
"""Of at most 64 KiB each (spark_jobs.records)."""
NO_BYTE_BOUND = 2**31 - 1
"""The only value with which Spark 4.2 does not add up the sizes of all columns after every row
(BatchedPythonArrowInput.underBatchSizeLimit). What it has by itself is 64 MB."""

KAFKA_CONSUMERS = 1_024
"""One for each partition that is read, and more; those that nobody uses are closed after five minutes."""

QUICK_COMPILER = "-XX:TieredStopAtLevel=1 -XX:ReservedCodeCacheSize=256m"
"""For an application of small batches, or one that lives half a minute: planning them runs through tens of
thousands of methods a few times each, and the JVM's optimising compiler takes more than it gives back
(decision 144). The quick compiler alone would have 48 MB for what it makes, which is too little."""


def cluster_options(settings: Settings) -> dict[str, str]:
    """What a job takes of a cluster: small executors, so that they stand on several workers, and one that is
    lost is not all of them.
    """
    return {
        "spark.cores.max": str(settings.spark_cores),
        "spark.executor.cores": "1",
        "spark.executor.memory": settings.spark_executor_memory,
    }


def class_archive_options(archive: Path) -> str:
    """Take classes from that file (spark_jobs.class_archive) where it is. A JVM that it does not fit does
    without, and says so on its standard error."""
    sharing = f"-XX:SharedArchiveFile={archive} -Xshare:auto -Xlog:disable -Xlog:all=warning:stderr"
    return sharing if archive.is_file() else ""


def with_tasks(master: str, tasks_per_core: int) -> str:
    """`local[2]` with two tasks per core is `local[4]`; any other master as it is: a cluster says for itself
    how many tasks a worker takes."""
    cores = LOCAL.fullmatch(master)
    return f"local[{int(cores[1]) * tasks_per_core}]" if cores else master


def build_session(
    settings: Settings, name: str, java_options: str = "", tasks_per_core: int = 1
) -> SparkSession:
    """A session on `settings.spark_master` with the Kafka source and Delta; times are UTC inside.
    `java_options` are for the driver's JVM, unless one runs already. `tasks_per_core`: at the same time, on
    this machine.

    With a local master nothing of it listens on anything but loopback. Adaptive execution and compressed
    caching cost more than they gain in batches of a second (decision 041); the parallel collector has the
    highest throughput on few cores.
    """
    # Spark asks the environment, not its configuration: which Python its workers are, which address it has.
    os.environ["PYSPARK_PYTHON"] = sys.executable
    is_local = settings.spark_master.startswith("local")
    if is_local:
        os.environ["SPARK_LOCAL_IP"] = LOOPBACK
    jars = sorted(str(jar) for jar in (settings.jars_dir / "spark").glob("*.jar"))
    options = {
        # On the JVM's own class path they can be part of the class archive, and are copied by nobody.
        "spark.driver.extraClassPath": ":".join(jars) if is_local else "",
        "spark.jars": "" if is_local else ",".join(jars),
        "spark.driver.memory": settings.spark_driver_memory,
        **({} if is_local else cluster_options(settings)),
        "spark.driver.host": LOOPBACK if is_local else "",
        "spark.driver.bindAddress": LOOPBACK if is_local else "",
        # Deep stacks: a pattern of Spark's StreamExecution recurses over every letter of an error's text.
        # Room for its classes: else it collects everything at each of five steps on the way there.
        "spark.driver.extraJavaOptions": "-XX:+UseParallelGC -XX:NewRatio=1 -XX:MetaspaceSize=256m -Xss4m"
        f" -Dlog4j2.configurationFile={CONFIGURATION / 'log4j2.properties'}"
        f" {class_archive_options(settings.spark_class_archive) if is_local else ''} {java_options}",
        "spark.local.dir": str(settings.home / "spark"),
        "spark.sql.warehouse.dir": str(settings.home / "spark" / "warehouse"),  # else where it was started
        "spark.ui.enabled": "false",
        # Spark's own and "jaas": Kafka's password stands in an option of that name.
        "spark.redaction.regex": "(?i)secret|password|token|access[.]?key|jaas",
        "spark.ui.showConsoleProgress": "false",
        "spark.scheduler.mode": "FAIR",
        "spark.scheduler.allocation.file": (CONFIGURATION / "fairscheduler.xml").as_uri(),
        "spark.sql.session.timeZone": "UTC",
        "spark.sql.shuffle.partitions": "2",
        "spark.sql.adaptive.enabled": "false",
        "spark.sql.inMemoryColumnarStorage.compressed": "false",
        # One Arrow batch is what one call of the judge sees.
        "spark.sql.execution.arrow.maxRecordsPerBatch": str(ARROW_ROWS),
        "spark.sql.execution.arrow.maxBytesPerBatch": str(NO_BYTE_BOUND),
        "spark.sql.streaming.noDataMicroBatches.enabled": "false",
        # Spark's own choice asks for every name whether it is a link, by a process of readlink each time:
        # forty processes and 80 ms a batch (decision 144).
        "spark.sql.streaming.checkpointFileManagerClass": "org.apache.spark.sql.execution.streaming"
        ".checkpointing.FileSystemBasedCheckpointFileManager",
        # Spark keeps 64 consumers. Sixteen sources have more partitions, and what a consumer that was thrown
        # away had fetched ahead is fetched and unpacked again (decision 147).
        "spark.kafka.consumer.cache.capacity": str(KAFKA_CONSUMERS),
        # Delta spreads the state of a table over fifty tasks, whatever its size, each time it looks at it.
        "spark.databricks.delta.snapshotPartitions": "2",
        "spark.sql.extensions": "io.delta.sql.DeltaSparkSessionExtension",
        "spark.sql.catalog.spark_catalog": "org.apache.spark.sql.delta.catalog.DeltaCatalog",
    }
    builder = SparkSession.builder.master(with_tasks(settings.spark_master, tasks_per_core)).appName(name)
    for option, value in options.items():
        if value:
            builder = builder.config(option, value)
    return builder.getOrCreate()
