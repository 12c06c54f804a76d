"""Great Expectations itself: a context of its own for each run, and one way to ask rules of a frame."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

import great_expectations as gx
import pandas as pd
from great_expectations.core import ExpectationSuiteValidationResult
from great_expectations.core.batch_definition import BatchDefinition
from great_expectations.data_context import EphemeralDataContext
from great_expectations.data_context.types.base import DataContextConfig, ProgressBarsConfig
from great_expectations.datasource.fluent import PandasDatasource, SparkDatasource
from pyspark.sql import DataFrame

from expectations.answers import MOST_EXAMPLES, Answer, answers
from expectations.rule import Rule, suite

RESULTS, DATA_DOCS, SITE = "validations", "data_docs", "local"
IN_MEMORY = {"class_name": "InMemoryStoreBackend"}


class Questioner:
    """Asks rules of frames; every result is kept in `home` for the Data Docs.

    An ephemeral context: suites are derived anew from the contracts in each run, so that nothing of an old
    contract can be asked. Nothing is sent anywhere (`analytics_enabled`).
    """

    def __init__(self, home: Path, run_name: str) -> None:
        self.home = home
        self.context = _context(home)
        self.run = gx.RunIdentifier(run_name=run_name)

    @cached_property
    def _spark(self) -> SparkDatasource:
        """Only when it is asked for: to add the source is to start a JVM."""
        return self.context.data_sources.add_spark("spark", persist=False)

    @cached_property
    def _pandas(self) -> PandasDatasource:
        return self.context.data_sources.add_pandas("pandas")

    def ask_spark(self, name: str, frame: DataFrame, rules: Sequence[Rule]) -> list[Answer]:
        """Ask rules of a Spark DataFrame: in one pass where all hold.

        Details of what failed cost a pass for each rule, so that only rules that failed are asked for them.
        """
        batch = self._spark.add_dataframe_asset(name).add_batch_definition_whole_dataframe("whole")
        first = self._validate(name, batch, frame, rules, {"result_format": "BOOLEAN_ONLY"})
        answered = list(answers(first))
        failed = {answer.code for answer in answered if not answer.success}
        if not failed:
            return answered
        again = [each for each in rules if each.code in failed]
        form = {"result_format": "SUMMARY", "partial_unexpected_count": MOST_EXAMPLES}
        details = {
            each.code: each for each in answers(self._validate(f"{name}.failed", batch, frame, again, form))
        }
        return [details.get(answer.code, answer) for answer in answered]

    def ask_pandas(
        self, name: str, frame: pd.DataFrame, rules: Sequence[Rule], by: Iterable[str] = ()
    ) -> list[Answer]:
        """Ask rules of a pandas frame; `by` are the columns that name a row in examples."""
        batch = self._pandas.add_dataframe_asset(name).add_batch_definition_whole_dataframe("whole")
        form: dict[str, Any] = {"result_format": "SUMMARY", "partial_unexpected_count": MOST_EXAMPLES}
        if names := list(by):
            form["unexpected_index_column_names"] = names
        return list(answers(self._validate(name, batch, frame, rules, form)))

    def _validate(
        self,
        name: str,
        batch: BatchDefinition[Any],
        frame: object,
        rules: Iterable[Rule],
        form: dict[str, Any],
    ) -> ExpectationSuiteValidationResult:
        asked = self.context.suites.add(suite(name, rules))
        definition = gx.ValidationDefinition(name=name, data=batch, suite=asked)
        self.context.validation_definitions.add(definition)
        return definition.run(
            batch_parameters={"dataframe": frame},
            result_format=form,
            run_id=self.run,
        )


def _context(home: Path) -> EphemeralDataContext:
    config = DataContextConfig(
        stores={
            "suites": {"class_name": "ExpectationsStore", "store_backend": IN_MEMORY},
            "validation_definition_store": {
                "class_name": "ValidationDefinitionStore",
                "store_backend": IN_MEMORY,
            },
            "checkpoints": {"class_name": "CheckpointStore", "store_backend": IN_MEMORY},
            "results": {
                "class_name": "ValidationResultsStore",
                "store_backend": {
                    "class_name": "TupleFilesystemStoreBackend",
                    "base_directory": str(home / RESULTS),
                },
            },
        },
        expectations_store_name="suites",
        validation_results_store_name="results",
        checkpoint_store_name="checkpoints",
        data_docs_sites={
            SITE: {
                "class_name": "SiteBuilder",
                "show_how_to_buttons": False,
                "store_backend": {
                    "class_name": "TupleFilesystemStoreBackend",
                    "base_directory": str(home / DATA_DOCS),
                },
            }
        },
        analytics_enabled=False,
        progress_bars=ProgressBarsConfig(globally=False),
    )
    return gx.get_context(mode="ephemeral", project_config=config)
