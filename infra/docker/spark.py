"""`python3 -m infra.docker.spark master|worker`: become a process of the Spark cluster."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from infra.start_line import say

SPARK = Path(sys.prefix) / "lib" / "python3.11" / "site-packages" / "pyspark"
PORT, PAGE = "7077", "8080"
CLASS = "org.apache.spark.deploy"
# Folders of executors that have ended are scratch: gone within the hour.
CLEANUP = " ".join(
    f"-Dspark.worker.cleanup.{option}" for option in ("enabled=true", "interval=600", "appDataTtl=3600")
)
# A worker whose machine has vanished closes no connection: the master and drivers find out by its silence.
SILENCE = "-Dspark.worker.timeout=6"


def arguments(role: str, environment: dict[str, str]) -> list[str]:
    """What spark-class is given."""
    if role == "master":
        return [
            f"{CLASS}.master.Master",
            "--host",
            environment["SPARK_HOST"],
            "--port",
            PORT,
            "--webui-port",
            PAGE,
        ]
    return [
        f"{CLASS}.worker.Worker",
        environment["MINSHENG_SPARK_MASTER"],
        *("--host", environment["SPARK_HOST"], "--webui-port", PAGE),
        *("--cores", environment["SPARK_WORKER_CORES"], "--memory", environment["SPARK_WORKER_MEMORY"]),
        *("--work-dir", "/var/lib/minsheng/spark/work"),
    ]


def main(role: str) -> None:
    environment = {
        **os.environ,
        "SPARK_HOME": str(SPARK),
        "SPARK_DAEMON_MEMORY": "192m",
        "SPARK_MASTER_OPTS": SILENCE,
        "SPARK_WORKER_OPTS": f"{SILENCE} {CLEANUP}",
        "SPARK_LOCAL_DIRS": "/var/lib/minsheng/spark/local",
    }
    say(f"spark {role}", environment)
    command = [str(SPARK / "bin" / "spark-class"), *arguments(role, environment)]
    os.execve(command[0], command, environment)  # noqa: S606 (a shell is not wanted)


if __name__ == "__main__":
    main(sys.argv[1])
