"""What a Python worker of Spark has loaded is taken out of its garbage collections, once."""

from __future__ import annotations

import gc
from collections.abc import Iterable, Iterator
from functools import lru_cache

import pyarrow as pa


def settled(batches: Iterable[pa.RecordBatch], what: str) -> Iterator[pa.RecordBatch]:
    """The batches; after the last one of the first task that does `what`, whatever is loaded stays.

    PySpark's daemon calls `gc.collect()` after every task (daemon.py of 4.2.0). With the modules and the
    judge's statements of one worker that takes 30 to 100 ms, and was five sixths of what the workers did at
    150 events a second.
    """
    yield from batches
    _freeze(what)


@lru_cache(maxsize=16)
def _freeze(what: str) -> None:
    del what  # only the key: each job loads modules of its own
    gc.collect()
    gc.freeze()
