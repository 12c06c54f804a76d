"""`python session_facts.py HOME MASTER`: what a Spark session opens, as JSON on standard output."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import psutil

from spark_jobs.session import build_session
from streams.settings import Settings


def main(home: str, master: str) -> None:
    settings = Settings(home=Path(home), spark_master=master, spark_driver_memory="640m")
    spark = build_session(settings, "facts")
    # a shuffle through Python workers and the catalogue: every server that a job may need has been started
    spark.range(100).mapInArrow(lambda batches: batches, "id long").repartition(2).count()
    spark.sql("create table kept (id int) using delta")
    itself = psutil.Process()
    family = [itself, *itself.children(recursive=True)]
    open_sockets = [socket for process in family for socket in process.net_connections("tcp")]
    listening = [socket.laddr[0] for socket in open_sockets if socket.status == psutil.CONN_LISTEN]
    advertised = spark.sparkContext.getConf().get("spark.driver.host")
    sys.stdout.write(json.dumps({"listening": listening, "advertised": advertised}) + "\n")


if __name__ == "__main__":
    main(*sys.argv[1:])
