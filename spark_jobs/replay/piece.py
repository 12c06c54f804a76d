"""Some events of quarantine, judged anew by the live query's own callables, in this process. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

import pyarrow as pa
import pyarrow.compute as pc

from spark_jobs.blobs import gather
from spark_jobs.live.counting import Counting, Exclusions
from spark_jobs.live.judging import REJECTED, ROWS
from spark_jobs.live.plan import Plan, make_plan
from spark_jobs.replay.selection import Candidate, Origin
from streams.envelope import Reason
from streams.judge.schema import INPUT
from streams.patch import Patch, apply_patch
from streams.personal import PersonalData
from streams.registry import Deployed


@dataclass(frozen=True)
class Changes:
    """A patch, and the edge's key where it tokenises."""

    patch: Patch
    personal: PersonalData | None


@dataclass(frozen=True)
class Piece:
    """Events and their new verdicts. `values`: what was judged, by position.

    `small`: what a batch needs of those that passed, by kind (see judging.parts); `rows`: what is counted of
    them, packed. `failing`: number in quarantine -> today's reasons.
    """

    plan: Plan
    versions: Mapping[str, str]
    candidates: Sequence[Candidate]
    values: Mapping[Origin, bytes]
    patched: bool
    small: Mapping[str, pa.Table]
    rows: pa.Table
    failing: Mapping[int, Sequence[Reason]]

    @property
    def passing(self) -> Iterator[Candidate]:
        """Those that the judge accepts now, in order."""
        return (each for each in self.candidates if each.id not in self.failing)

    def count(self, excluded: Mapping[int, Exclusions]) -> Mapping[str, pa.Table]:
        """Aggregates of what passed, without what a claim excludes, by kind: as a live batch has them."""
        counted = list(Counting(self.plan.counted, excluded)(self.rows.to_batches()))
        return gather(pa.Table.from_batches(counted)) if counted else {}


def judged(
    deployed: Deployed,
    topic_prefix: str,
    candidates: Sequence[Candidate],
    values: Mapping[Origin, bytes],
    changes: Changes | None,
) -> Piece:
    """Judge the candidates by what is deployed, each with the time when it was received.

    `values` has the bytes of each of them.
    """
    plan = make_plan(_only(deployed, {each.source for each in candidates}), topic_prefix)
    failing: dict[int, Sequence[Reason]] = {}
    raw: list[bytes] = [values[each.origin] for each in candidates]
    if changes is not None:
        patched = apply_patch(changes.patch, deployed.contracts[changes.patch.source], raw, changes.personal)
        raw = [each.value for each in patched]
        failing = {c.id: p.reasons for c, p in zip(candidates, patched, strict=True) if p.reasons}
    seen = {each.origin: value for each, value in zip(candidates, raw, strict=True)}
    asked = [each for each in candidates if each.id not in failing]
    batch = pa.RecordBatch.from_pylist(
        [
            {
                "topic": each.topic,
                "partition": each.partition,
                "offset": each.offset,
                "received_at": each.received_at,
                "value": seen[each.origin],
            }
            for each in asked
        ],
        schema=INPUT,
    )
    blobs = pa.Table.from_batches(list(plan.judging([batch]))) if asked else None
    small: Mapping[str, pa.Table] = MappingProxyType({})
    rows = pa.table({"kind": pa.array([], pa.string()), "payload": pa.array([], pa.binary())})
    if blobs is not None:
        is_rows = pc.equal(blobs["kind"], ROWS)
        rows, small = blobs.filter(is_rows), gather(blobs.filter(pc.invert(is_rows)))
    failing |= _refused(small.get(REJECTED), asked)
    versions = {name: contract.version for name, contract in deployed.contracts.items()}
    return Piece(plan, versions, candidates, seen, changes is not None, small, rows, failing)


def _only(deployed: Deployed, sources: set[str]) -> Deployed:
    """What is deployed of these sources: compiling sixteen contracts for one is a waste."""
    contracts = {name: contract for name, contract in deployed.contracts.items() if name in sources}
    return Deployed(contracts, deployed.numbers, deployed.revision)


def _refused(rejected: pa.Table | None, asked: Sequence[Candidate]) -> dict[int, Sequence[Reason]]:
    if rejected is None:
        return {}
    numbers = {(each.topic, each.partition, each.offset, each.received_at): each.id for each in asked}
    names = ("topic", "partition", "offset", "received_at")
    return {
        numbers[tuple(row[name] for name in names)]: [Reason(**reason) for reason in row["reasons"]]
        for row in rejected.to_pylist()
    }
