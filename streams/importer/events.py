"""Rows -> CloudEvents. A row without an id of its own gets one from its content, the same each time."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import orjson

from streams.envelope import SPEC_VERSION
from streams.importer.columns import Columns
from streams.importer.day_and_clock import joined
from streams.importer.occurrences import Occurrences
from streams.tokens import Tokens

ID_PREFIX = "row-"


def default_sender(source: str) -> str:
    """CloudEvents `source` of a file's events. Not the file's name: renamed, it must count the same."""
    return f"/import/{source}"


class Events:
    """Makes events of rows, in their order: equal rows are told apart by how many came before."""

    def __init__(
        self, source: str, sender: str, columns: Columns, tokens: Tokens, occurrences: Occurrences
    ) -> None:
        self._source = source
        self._sender = sender
        self._columns = columns
        self._tokens = tokens
        self._occurrences = occurrences

    def event(self, cells: Mapping[str, Any]) -> dict[str, Any]:
        """The event of a row. A row that is a CloudEvent already (JSON lines) is taken as it is."""
        if "specversion" in cells:
            return dict(cells)
        attributes: dict[str, Any] = {}
        data: dict[str, Any] = {}
        find = self._columns.target
        for heading, cell in cells.items():
            target = find(heading)
            if target is None or target.is_empty(cell):
                continue
            if target.clock is not None:
                cell = joined(cell, cells.get(target.clock))  # noqa: PLW2901 (one cell of two)
                if cell is None:
                    continue
            if target.is_attribute:
                attributes[target.name] = target.convert(cell)
            elif target.within:
                _put_within(data, *target.within, target.convert(cell))
            else:
                data[target.name] = target.convert(cell)
        event = {
            "specversion": SPEC_VERSION,
            "source": self._sender,
            "type": self._source,
            "time": attributes.get("time"),
            "data": data,
        }
        return event | {"id": attributes.get("id") or self._id(event)}

    def _id(self, event: Mapping[str, Any]) -> str:
        # Under the token key: a plain hash of a row could be tried out against a list of known people.
        content = orjson.dumps(event, option=orjson.OPT_SORT_KEYS, default=str)
        row = self._tokens.fingerprint(content)
        return f"{ID_PREFIX}{row}-{self._occurrences.number(row)}"


def _put_within(data: dict[str, Any], outer: str, inner: str, value: Any) -> None:
    """`home__street` goes into the object `home`, which is there as soon as one of its cells is."""
    within = data.setdefault(outer, {})
    if isinstance(within, dict):
        within[inner] = value
