"""The one function that gives every event its verdict, wherever it comes by: live, import, rollup, dry run."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property

import numpy as np
import pyarrow as pa

from streams.contract.model import Contract
from streams.judge import verdicts
from streams.judge.plan import compile_contract
from streams.judge.schema import TIME, verdict_schema

_COMBINED_BYTES = 1 << 28
"""Chunks are judged together up to this size; a batch beyond it keeps its own (an Arrow text ends at 2 GiB)."""


class Judge:
    """Judges events against contracts. Picklable; pure: the same events get the same verdicts, in any batches.

    `contracts`: by source. `topic_prefix`: a source's topic is this and its name.
    """

    def __init__(self, contracts: Mapping[str, Contract], topic_prefix: str) -> None:
        self._plans = {topic_prefix + name: compile_contract(contract) for name, contract in contracts.items()}
        self._prefix = topic_prefix

    @cached_property
    def slots(self) -> dict[str, dict[str, str]]:
        """Source -> field -> column of the verdicts, for the fields that its metrics group by or aggregate."""
        return {plan.source: plan.slots for plan in self._plans.values()}

    @cached_property
    def schema(self) -> pa.Schema:
        """Columns of the verdicts: VERDICT of schema.py, then the slots."""
        return verdict_schema(self.slots)

    def judge(self, batch: pa.RecordBatch | pa.Table) -> pa.Table:
        """One verdict a row, in order, with the columns of `schema`. `batch` has those of schema.INPUT.

        Never raises for what an event holds. Raises JudgeFailed where the system fails, and KeyError or
        pyarrow.ArrowInvalid where the batch is not of that shape.
        """
        table = batch if isinstance(batch, pa.Table) else pa.Table.from_batches([batch])
        table = pa.table(
            {
                "topic": table["topic"],
                "partition": table["partition"].cast(pa.int32()),
                "offset": table["offset"].cast(pa.int64()),
                "received_at": table["received_at"].cast(TIME),
                "value": table["value"],
            }
        )
        if table["received_at"].null_count or table["topic"].null_count:
            raise pa.ArrowInvalid("every event has a topic and the time when it was received; this batch lacks one")
        if table.nbytes <= _COMBINED_BYTES:
            table = table.combine_chunks()
        judged = [self._judge_batch(part) for part in table.to_batches() if part.num_rows]
        return pa.concat_tables(judged) if judged else self.schema.empty_table()

    def _judge_batch(self, batch: pa.RecordBatch) -> pa.Table:
        topics = batch["topic"].dictionary_encode()
        names = topics.dictionary.to_pylist()
        if len(names) == 1:
            return self._judge_topic(names[0], batch)
        codes = topics.indices.to_numpy()
        order = np.argsort(codes, kind="stable")
        ends = np.cumsum(np.bincount(codes, minlength=len(names)))
        sorted_rows = batch.take(pa.array(order))
        parts = [
            self._judge_topic(name, sorted_rows.slice(begin, end - begin))
            for name, begin, end in zip(names, (0, *ends[:-1]), ends, strict=True)
        ]
        back = np.empty_like(order)
        back[order] = np.arange(len(order))
        return pa.concat_tables(parts).take(pa.array(back)).combine_chunks()

    def _judge_topic(self, topic: str, batch: pa.RecordBatch) -> pa.Table:
        plan = self._plans.get(topic)
        columns = {name: batch[name] for name in ("topic", "partition", "offset", "received_at")}
        columns["source"] = pa.repeat(
            pa.scalar(plan.source if plan else topic.removeprefix(self._prefix)), batch.num_rows
        )
        columns |= verdicts.of_source(plan, batch) if plan else verdicts.of_no_source(batch)
        return pa.table(
            [
                columns[field.name].cast(field.type) if field.name in columns else pa.nulls(batch.num_rows, field.type)
                for field in self.schema
            ],
            schema=self.schema,
        )

