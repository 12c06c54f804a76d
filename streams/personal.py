"""Personal values at the edge: checked as they are, then replaced by their tokens.

Behind the edge nobody can check an identity number any more, so a wrong one is refused here. The rules are
the named types' own SQL, run over all values of a batch at once.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from typing import Any

import pyarrow as pa

from streams.contract.model import Contract
from streams.contract.types import NAMED_TYPES
from streams.envelope import Reason
from streams.judge.engine import run_isolating
from streams.judge.sql import ROWS
from streams.tokens import Tokens, is_token, normalise


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
    """Checks and tokenises; safe to call from any thread.

    allow_tokens: let pass what is a token already (replay of events that were tokenised once).
    """

    def __init__(self, tokens: Tokens, *, allow_tokens: bool = False) -> None:
        self._tokens = tokens
        self._allow_tokens = allow_tokens

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
            elif not (self._allow_tokens and is_token(raw)):
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

    @staticmethod
    def _faults(type_name: str, texts: list[str]) -> list[str | None]:
        # A text with a lone surrogate cannot go into Arrow, and is no number of anybody.
        rows = pa.table({"v": pa.array([text if text.isascii() else "" for text in texts], pa.string())})
        found = run_isolating(_statement(type_name), rows, lambda _: pa.table({"code": ["bad_pattern"]}))
        codes: list[str | None] = found["code"].to_pylist()
        return codes


@cache
def _statement(type_name: str) -> str:
    """SQL that says what is wrong with each value `v` of a type; null if nothing is."""
    named = NAMED_TYPES[type_name]
    well_formed, checked = named.format_sql("v") or "true", named.checksum_sql("v") or "true"
    fault = f"case when not ({well_formed}) then 'bad_pattern' when not ({checked}) then 'bad_checksum' end"
    return f"select {fault} as code from {ROWS}"  # noqa: S608 (of constants of the named types)
