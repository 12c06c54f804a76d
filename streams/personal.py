"""Personal values at the edge: checked as they are, then replaced by their tokens.

Behind the edge nobody can check an identity number any more, so a wrong one is refused here. The rules are
the named types' own SQL, run over all values of a batch at once.
"""

from __future__ import annotations

import threading
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import duckdb
import pyarrow as pa

from streams.contract.model import Contract
from streams.contract.types import NAMED_TYPES
from streams.envelope import Reason
from streams.tokens import Tokens, normalise


@dataclass
class PersonalValue:
    """One personal value of an event's `data`, which the check changes in place."""

    data: dict[str, Any]
    field: str
    type: str
    reason: Reason | None = None


def personal_values(contract: Contract, data: dict[str, Any]) -> Iterator[PersonalValue]:
    """The personal values that are there. Those that are not are the judge's affair."""
    for name in contract.personal:
        if data.get(name) is not None:
            yield PersonalValue(data, name, contract.fields[name].type)


class PersonalData:
    """Checks and tokenises; safe to call from any thread, one at a time.

    allow_tokens: let pass what is a token already (replay of events that were tokenised once).
    """

    def __init__(self, tokens: Tokens, *, allow_tokens: bool = False) -> None:
        self._tokens = tokens
        self._allow_tokens = allow_tokens
        self._lock = threading.Lock()
        self._duckdb: duckdb.DuckDBPyConnection | None = None

    def tokenise(self, values: Iterable[PersonalValue]) -> None:
        """Replace each value in its `data` by its token; note a `reason` at those that are wrong.

        A wrong value becomes a token too: nothing that a person could be found by leaves this function.
        """
        by_type: defaultdict[str, list[PersonalValue]] = defaultdict(list)
        for value in values:
            raw = value.data[value.field]
            if not isinstance(raw, str):
                value.reason = Reason("wrong_type", value.field)
                value.data[value.field] = self._tokens.token(repr(raw))
            elif not (self._allow_tokens and _is_token(raw)):
                by_type[value.type].append(value)
        for name, of_type in by_type.items():
            self._tokenise(name, of_type)

    def _tokenise(self, type_name: str, values: list[PersonalValue]) -> None:
        clean = NAMED_TYPES[type_name].clean
        texts = [normalise(clean(normalise(value.data[value.field]))) for value in values]
        for value, text, code in zip(values, texts, self._faults(type_name, texts), strict=True):
            value.data[value.field] = self._tokens.token(text)
            if code:
                value.reason = Reason(code, value.field)

    def _faults(self, type_name: str, texts: list[str]) -> list[str | None]:
        named = NAMED_TYPES[type_name]
        well_formed = named.format_sql("v") or "true"
        checked = named.checksum_sql("v") or "true"
        # A text with a lone surrogate cannot go into Arrow, and is no number of anybody.
        column = pa.array([text if text.isascii() else "" for text in texts], pa.string())
        with self._lock:
            if self._duckdb is None:
                self._duckdb = duckdb.connect(config={"threads": 1})
            rows = self._duckdb.from_arrow(pa.table({"v": column})).project(
                f"case when not ({well_formed}) then 'bad_pattern'"
                f" when not ({checked}) then 'bad_checksum' end"
            )
            return [code for (code,) in rows.fetchall()]


def _is_token(text: str) -> bool:
    return len(text) == 35 and text.startswith("tk_") and set(text[3:]) <= set("0123456789abcdef")  # noqa: PLR2004
