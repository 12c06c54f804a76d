"""The one function that gives every event its verdict: live, imported, rolled up or only tried."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property

import numpy as np
import pyarrow as pa

from streams.contract.model import Contract
from streams.judge import verdicts
from streams.judge.plan import Plan, compile_contract
from streams.judge.schema import TIME, verdict_schema
from streams.judge.uniqueness import UniqueKey
from streams.judge.verdicts import Columns
from streams.topic_name import topic_name

_COMBINED_BYTES = 1 << 28
"""Chunks are judged together up to this size; beyond it each alone (an Arrow text ends at 2 GiB)."""

_OF_THE_RECORD = ("topic", "partition", "offset", "received_at", "source")


class Judge:
    """Judges events against contracts. Picklable. Pure: an event gets its verdict in whatever batch it is.

    `contracts`: by source. `topic_prefix`: a source's topic is this and its name.
    """

    def __init__(self, contracts: Mapping[str, Contract], topic_prefix: str) -> None:
        self._plans = {
            topic_name(topic_prefix, name): compile_contract(contract) for name, contract in contracts.items()
        }
        self._prefix = topic_prefix

    @cached_property
    def slots(self) -> dict[str, dict[str, str]]:
        """Source -> field -> column of the verdicts, for the fields that its metrics use."""
        return {plan.source: plan.slots for plan in self._plans.values()}

    @cached_property
    def schema(self) -> pa.Schema:
        """Columns of the verdicts: VERDICT of schema.py, then the slots, then keys of uniqueness."""
        return verdict_schema(self.slots, max(map(len, self.unique.values()), default=0))

    @cached_property
    def unique(self) -> dict[str, tuple[UniqueKey, ...]]:
        """Source -> its rules of uniqueness, in their order, with the columns that have their keys."""
        return {plan.source: plan.unique for plan in self._plans.values()}

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
            raise pa.ArrowInvalid(
                "every event has a topic and the time when it was received; this batch lacks one"
            )
        if table.nbytes <= _COMBINED_BYTES:
            table = table.combine_chunks()
        judged = [self._judge_batch(part) for part in table.to_batches() if part.num_rows]
        return pa.concat_tables(judged) if judged else self.schema.empty_table()

    def _judge_batch(self, batch: pa.RecordBatch) -> pa.Table:
        topics = batch["topic"].dictionary_encode()
        names = topics.dictionary.to_pylist()
        plans = [self._plans.get(name) for name in names]
        sources = [
            plan.source if plan else name.removeprefix(self._prefix)
            for plan, name in zip(plans, names, strict=True)
        ]
        found = (
            self._judge_topic(plans[0], batch["received_at"], batch["value"])
            if len(names) == 1
            else self._judge_topics(plans, topics.indices.to_numpy(), batch["received_at"], batch["value"])
        )
        found["source"] = pa.DictionaryArray.from_arrays(
            topics.indices, pa.array(sources)
        ).dictionary_decode()
        return pa.table(
            [found[name] if name in found else batch[name] for name in self.schema.names], schema=self.schema
        )

    def _judge_topics(
        self, plans: list[Plan | None], codes: np.ndarray, received: pa.Array, values: pa.Array
    ) -> Columns:
        """Each topic's rows judged together, and every verdict put back where its row was."""
        order = np.argsort(codes, kind="stable")
        ends = np.cumsum(np.bincount(codes, minlength=len(plans)))
        back = np.empty_like(order)
        back[order] = np.arange(len(order))
        in_order = bool((codes[1:] >= codes[:-1]).all())
        places = None if in_order else pa.array(back)
        if not in_order:
            received, values = received.take(pa.array(order)), values.take(pa.array(order))
        parts = [
            self._judge_topic(plan, received[begin:end], values[begin:end])
            for plan, begin, end in zip(plans, (0, *ends[:-1]), ends, strict=True)
        ]
        return {name: self._put_back([part[name] for part in parts], places) for name in parts[0]}

    def _put_back(self, parts: list[pa.Array], places: pa.Array | None) -> pa.Array:
        whole = pa.concat_arrays(parts)
        # Most columns of reasons and of slots that a source does not use are null throughout.
        return whole if places is None or whole.null_count == len(whole) else whole.take(places)

    def _judge_topic(self, plan: Plan | None, received: pa.Array, values: pa.Array) -> Columns:
        """All columns that say something of the events, whether the plan gives them or not."""
        found = verdicts.of_source(plan, received, values) if plan else verdicts.of_no_source(values)
        return {
            field.name: found[field.name].cast(field.type)
            if field.name in found
            else pa.nulls(len(values), field.type)
            for field in self.schema
            if field.name not in _OF_THE_RECORD
        }
