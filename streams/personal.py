"""Personal values at the edge: checked as they are, then replaced by their tokens.

Behind the edge nobody can check an identity number any more, so a wrong one is refused here. The rules are
the named types' own SQL, run over all values of a batch at once.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

import pyarrow as pa

from streams.contract import places
from streams.contract.model import Contract, FieldSpec
from streams.contract.types import NAMED_TYPES
from streams.envelope import Reason
from streams.judge.engine import run_isolating
from streams.judge.sql import ROWS
from streams.tokens import Tokens, is_token, normalise


@dataclass
class PersonalValue:
    """One personal value of an event's `data`, which the check changes in place.

    holder: the dict that it stands in under `key`. place: where that is, as reasons name it; `key` itself at
    the top of `data`.
    """

    holder: dict[str, Any]
    key: str
    type: str
    place: str = ""
    reason: Reason | None = None

    def __post_init__(self) -> None:
        self.place = self.place or self.key


def own_copy(contract: Contract, data: Mapping[str, Any]) -> dict[str, Any]:
    """A copy of an event's `data` whose personal values may be replaced: as deep as those stand."""
    copied = dict(data)
    for name, spec in contract.fields.items():
        value = copied.get(name)
        if spec.type == "object" and isinstance(value, Mapping):
            copied[name] = dict(value)
        elif spec.type == "list" and isinstance(value, list):
            copied[name] = [dict(each) if isinstance(each, Mapping) else each for each in value]
    return copied


def personal_values(contract: Contract, data: dict[str, Any]) -> Iterator[PersonalValue]:
    """The personal values that are there. Those that are not are the judge's affair.

    A list that is too long is refused by the judge whatever is in it: it is not looked into here either.
    """
    for name, spec in contract.fields.items():
        value = data.get(name)
        if spec.type == "object" and isinstance(value, dict):
            yield from _within(spec, value, name)
        elif spec.type == "list" and isinstance(value, list) and len(value) <= spec.most_items:
            for number, each in enumerate(value, 1):
                if isinstance(each, dict):
                    yield from _within(spec, each, places.item(name, number))
        elif spec.pii is not None and value is not None:
            yield PersonalValue(data, name, spec.type)


def _within(spec: FieldSpec, holder: dict[str, Any], place: str) -> Iterator[PersonalValue]:
    for key, inner in spec.fields.items():
        if inner.pii is not None and holder.get(key) is not None:
            yield PersonalValue(holder, key, inner.type, places.within(place, key))


class PersonalData:
    """Checks and tokenises; safe to call from any thread.

    allow_tokens: let pass what is a token already (replay of events that were tokenised once).
    """

    def __init__(self, tokens: Tokens, *, allow_tokens: bool = False) -> None:
        self._tokens = tokens
        self._allow_tokens = allow_tokens

    def tokenise(self, values: Iterable[PersonalValue]) -> None:
        """Replace each value in its `holder` by its token; note a `reason` at those that are wrong.

        A wrong value becomes a token too: nothing that a person could be found by leaves this function.
        """
        by_type: defaultdict[str, list[PersonalValue]] = defaultdict(list)
        for value in values:
            raw = value.holder[value.key]
            if not isinstance(raw, str):
                value.reason = Reason("wrong_type", value.place)
                value.holder[value.key] = self._tokens.token(repr(raw))
            elif not (self._allow_tokens and is_token(raw)):
                by_type[value.type].append(value)
        for name, of_type in by_type.items():
            self._tokenise(name, of_type)

    def _tokenise(self, type_name: str, values: list[PersonalValue]) -> None:
        clean = NAMED_TYPES[type_name].clean
        texts = [normalise(clean(normalise(value.holder[value.key]))) for value in values]
        for value, text, code in zip(values, texts, self._faults(type_name, texts), strict=True):
            value.holder[value.key] = self._tokens.token(text)
            if code:
                value.reason = Reason(code, value.place)

    @staticmethod
    def _faults(type_name: str, texts: list[str]) -> list[str | None]:
        rows = pa.table({"v": pa.array(map(_storable, texts), pa.string())})
        found = run_isolating(_statement(type_name), rows, lambda _: pa.table({"code": ["bad_pattern"]}))
        codes: list[str | None] = found["code"].to_pylist()
        return codes


def _storable(text: str) -> str:
    """The text; an empty one for one with a lone surrogate, which cannot go into Arrow and is nobody's."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return ""
    return text


@cache
def _statement(type_name: str) -> str:
    """SQL that says what is wrong with each value `v` of a type; null if nothing is."""
    named = NAMED_TYPES[type_name]
    well_formed, checked = named.format_sql("v") or "true", named.checksum_sql("v") or "true"
    fault = f"case when not ({well_formed}) then 'bad_pattern' when not ({checked}) then 'bad_checksum' end"
    return f"select {fault} as code from {ROWS}"  # noqa: S608 (of constants of the named types)
