"""Arrow tables as rows of (kind, payload): what workers hand to Spark.

A table of 50,000 events travels through the JVM as one binary value. Spark distributes, caches and collects
it without taking it apart into rows of its own and putting it together again, which is what costs.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping

import pyarrow as pa

BLOBS = "kind string, payload binary"
SCHEMA = pa.schema([("kind", pa.string()), ("payload", pa.binary())])


def pack(tables: Iterable[tuple[str, pa.Table]], compressed: frozenset[str] = frozenset()) -> pa.RecordBatch:
    """One row for each table that has rows: its kind and its Arrow IPC stream, compressed for some kinds."""
    kept = [(kind, _stream(table, kind in compressed)) for kind, table in tables if table.num_rows]
    return pa.RecordBatch.from_arrays(
        [
            pa.array([kind for kind, _ in kept], pa.string()),
            pa.array([data for _, data in kept], pa.binary()),
        ],
        schema=SCHEMA,
    )


def unpack(blobs: pa.RecordBatch | pa.Table) -> Iterator[tuple[str, pa.Table]]:
    """The tables that were packed, in order."""
    for kind, payload in zip(blobs.column("kind"), blobs.column("payload"), strict=True):
        yield kind.as_py(), pa.ipc.open_stream(payload.as_buffer()).read_all()


def gather(blobs: pa.Table) -> Mapping[str, pa.Table]:
    """One table a kind: all tables of that kind, one after the other."""
    found: defaultdict[str, list[pa.Table]] = defaultdict(list)
    for kind, table in unpack(blobs):
        found[kind].append(table)
    return {kind: pa.concat_tables(tables) for kind, tables in found.items()}


def _stream(table: pa.Table, is_compressed: bool) -> bytes:
    sink = pa.BufferOutputStream()
    options = pa.ipc.IpcWriteOptions(compression="lz4" if is_compressed else None)
    with pa.ipc.new_stream(sink, table.schema, options=options) as writer:
        writer.write_table(table)
    return bytes(sink.getvalue())
