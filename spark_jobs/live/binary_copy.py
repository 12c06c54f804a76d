"""Rows for PostgreSQL's binary COPY, made column by column: no value passes through Python alone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import psycopg
import pyarrow as pa
from numpy.typing import NDArray
from psycopg import sql

INFINITE_DAY = 2**31 - 1
"""PostgreSQL's date 'infinity'."""

_HEADER = b"PGCOPY\n\xff\r\n\0" + bytes(8)
_TRAILER = b"\xff\xff"
_EPOCH_DAYS = 10_957
_EPOCH_MICROSECONDS = _EPOCH_DAYS * 86_400_000_000
"""PostgreSQL counts from 2000-01-01."""
_LENGTH = "_length"

Column = tuple[str, NDArray[np.generic]]
"""numpy's format as it stands in a row ('>i2', '>i4', '>i8', 'V16'), and the values."""


def packed(columns: Mapping[str, Column]) -> NDArray[np.void]:
    """One row each, as COPY takes them; the fields are found again by their names."""
    formats = [("fields", ">i2")]
    for name, (form, _) in columns.items():
        formats += [(name + _LENGTH, ">i4"), (name, form)]
    rows = np.zeros(len(next(iter(columns.values()))[1]), np.dtype(formats))
    rows["fields"] = len(columns)
    for name, (form, values) in columns.items():
        rows[name + _LENGTH] = np.dtype(form).itemsize
        rows[name] = values
    return rows


def joined(parts: Sequence[NDArray[np.void]]) -> NDArray[np.void]:
    """The rows of all parts, which have the same columns. (`np.concatenate` would turn their bytes round.)"""
    if not parts:
        return np.zeros(0, np.void)
    return np.frombuffer(b"".join(part.tobytes() for part in parts), parts[0].dtype)


def copy_rows(connection: psycopg.Connection, table: tuple[str, ...], rows: NDArray[np.void]) -> None:
    """COPY rows of `packed` into those columns of the table."""
    names = [name for name in (rows.dtype.names or ()) if name + _LENGTH in (rows.dtype.names or ())]
    statement = sql.SQL("copy {} ({}) from stdin (format binary)").format(
        sql.Identifier(*table), sql.SQL(", ").join(map(sql.Identifier, names))
    )
    with connection.cursor() as cursor, cursor.copy(statement) as copy:
        copy.write(_HEADER)
        copy.write(rows.tobytes())
        copy.write(_TRAILER)


def days(since_1970: NDArray[np.integer]) -> Column:
    """A column of dates."""
    return ">i4", since_1970 - _EPOCH_DAYS


def instants(microseconds_since_1970: NDArray[np.integer]) -> Column:
    """A column of timestamptz."""
    return ">i8", microseconds_since_1970 - _EPOCH_MICROSECONDS


def fixed(column: pa.ChunkedArray | pa.Array) -> NDArray[np.void]:
    """The 16 bytes of each value; what a null has is undefined."""
    array = column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column
    if isinstance(array, pa.ChunkedArray):
        array = array.chunk(0)
    buffer = array.cast(pa.binary(16)).buffers()[1]
    return np.frombuffer(buffer, "V16", count=len(array) + array.offset)[array.offset :]


def first_bits(values: NDArray[np.void]) -> NDArray[np.uint64]:
    """The first 64 bits of each 16 bytes."""
    return np.ascontiguousarray(values).view(">u8").reshape(-1, 2)[:, 0].astype(np.uint64)
