"""What Spark says of conditions: `ask_spark.py question.json` prints a list of answers for each condition."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

from pyspark.sql import SparkSession

COLUMNS = "a bigint, b bigint, t string, `order` string, d string, e string, f boolean"


def main() -> None:
    question = json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))
    os.environ["PYSPARK_PYTHON"] = sys.executable
    builder = SparkSession.builder.master("local[1]").config("spark.ui.enabled", "false")
    # A hundred conditions are asked once: compiling them takes longer than interpreting them.
    builder = builder.config("spark.sql.codegen.wholeStage", "false")
    builder = builder.config("spark.sql.codegen.factoryMode", "NO_CODEGEN")
    spark = (
        builder.config("spark.driver.bindAddress", "127.0.0.1")
        .config("spark.driver.host", "127.0.0.1")
        .getOrCreate()
    )
    frame = spark.createDataFrame([tuple(row) for row in question["rows"]], COLUMNS).coalesce(1)
    frame = frame.selectExpr("a", "b", "t", "`order`", "cast(d as date) as d", "cast(e as date) as e", "f")
    named = [f"{condition} as c{index}" for index, condition in enumerate(question["conditions"])]
    rows = frame.selectExpr(*named).collect()
    sys.stdout.write("\n" + json.dumps([list(column) for column in zip(*rows, strict=True)]) + "\n")


if __name__ == "__main__":
    main()
