"""Rows -> CloudEvents. A row without an id of its own gets one from its content, the same each time."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import orjson

from streams.envelope import SPEC_VERSION
from streams.importer.columns import Columns
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
        for heading, cell in cells.items():
            target = self._columns.target(heading)
            if target is not None:
                value = target.convert(cell)
                if target.is_attribute:
                    attributes[target.name] = value
                else:
                    _put(data, target.name, value)
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


def _put(data: dict[str, Any], name: str, value: Any) -> None:
    """`home__street` goes into the object `home`, which is there as soon as one of its cells is."""
    outer, _, inner = name.partition("__")
    if not inner:
        data[outer] = value
    elif isinstance(within := data.setdefault(outer, {}), dict):
        within[inner] = value
