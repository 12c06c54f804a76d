"""JSON as RFC 8259 has it and nothing looser: no duplicate key, NaN, bottomless nesting or lone surrogate.

Duplicate keys are refused because two readers of the same bytes may take two different values.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any, Literal, NoReturn

import orjson

Code = Literal["not_json", "not_utf8", "duplicate_key", "too_deep"]
MAX_DEPTH = 16


class JsonRefused(ValueError):
    """Bytes that are no JSON of ours; a value for the caller to turn into a verdict, with code and detail."""

    def __init__(self, code: Code, detail: str) -> None:
        super().__init__(detail)
        self.code: Code = code
        self.detail = detail


def loads(body: bytes, *, max_depth: int = MAX_DEPTH) -> Any:
    """The value of a JSON document in UTF-8 (a BOM is let pass). Raises JsonRefused."""
    try:
        text = body.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise JsonRefused("not_utf8", f"byte {error.start} is not UTF-8") from error
    try:
        value = _DECODER.decode(text)
    except json.JSONDecodeError as error:
        raise JsonRefused("not_json", f"{error.msg}: line {error.lineno} column {error.colno}") from error
    except RecursionError as error:
        raise JsonRefused("too_deep", f"nested more than {max_depth} deep") from error
    _refuse_depth(value, max_depth)
    return value


def dumps(value: Any) -> bytes:
    """Compact JSON in UTF-8. Raises JsonRefused for texts that UTF-8 cannot carry (lone surrogates)."""
    try:
        return orjson.dumps(value)
    except TypeError:
        # Integers beyond 64 bits are JSON too; the judge says what is wrong with them.
        try:
            return json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode()
        except UnicodeEncodeError as error:
            raise JsonRefused("not_utf8", "half of a surrogate pair") from error


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    value = dict(pairs)
    if len(value) != len(pairs):
        raise JsonRefused("duplicate_key", "an object has the same key twice")
    return value


def _number(text: str) -> float:
    number = float(text)
    if number in (float("inf"), float("-inf")):
        raise JsonRefused("not_json", "a number beyond the range of a double")
    return number


def _integer(text: str) -> int:
    if len(text) > 40:  # noqa: PLR2004 (Python refuses 4,300 digits and is slow before)
        raise JsonRefused("not_json", "an integer of more than 40 digits")
    return int(text)


def _constant(text: str) -> NoReturn:
    raise JsonRefused("not_json", f"{text} is not JSON")


_DECODER = json.JSONDecoder(
    object_pairs_hook=_object, parse_float=_number, parse_int=_integer, parse_constant=_constant
)


def _refuse_depth(value: Any, max_depth: int) -> None:
    level: list[Any] = [value]
    depth = 0
    while level:
        depth += 1
        if depth > max_depth:
            raise JsonRefused("too_deep", f"nested more than {max_depth} deep")
        level = [child for item in level for child in _children(item) if isinstance(child, (dict, list))]


def _children(item: Any) -> Iterable[Any]:
    if isinstance(item, dict):
        return item.values()
    return item if isinstance(item, list) else ()
