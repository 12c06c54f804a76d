"""A contract's document (dicts, lists, texts, numbers) as commented YAML, as people write it. Pure."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Mapping
from typing import Any

Document = Mapping[str, Any]
Comments = Mapping[tuple[str, ...], tuple[str, ...]]
"""Path of a key -> lines that stand above it."""

WIDTH = 110
_SPACED = (
    "fields",
    "checks",
    "unique",
    "life_cycle",
    "metrics",
    "expect",
    "day_rules",
    "simulate",
    "examples",
    "columns",
)
_ONE_A_LINE = frozenset(
    {"fields", "checks", "unique", "simulate", "day_rules", "measures", "columns", "ratios"}
)
_PLAIN = re.compile(r"[A-Za-z_/\u3400-\u9fff（][\w\u3400-\u9fff /.()%+=<>\-（）。、，；：·]*|[1-9]\d*[smhd]")

_READ_OTHERWISE = frozenset({"null", "true", "false", "yes", "no", "on", "off", "y", "n"})
"""Words that YAML, or JSON, has another meaning for; the strict loader has not, other readers might."""


def scalar(value: Any) -> str:
    """One value; a text is quoted wherever YAML, or the examples' JSON, would read something else."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if value is None:
        return "null"
    if not isinstance(value, str):
        return str(value)
    if not value.isprintable():
        return '"' + "".join(map(_escaped, value)) + '"'
    if _PLAIN.fullmatch(value) and not value.endswith(" ") and value.lower() not in _READ_OTHERWISE:
        return value
    return "'" + value.replace("'", "''") + "'"


def _escaped(character: str) -> str:
    if character in '"\\':
        return f"\\{character}"
    return character if character.isprintable() else f"\\U{ord(character):08X}"


def flow(value: Any) -> str:
    """On one line: `{a: 1, b: [x, y]}`."""
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{scalar(key)}: {flow(item)}" for key, item in value.items()) + "}"
    if isinstance(value, (list, tuple)):
        return "[" + ", ".join(map(flow, value)) + "]"
    return scalar(value)


def written(document: Document, comments: Comments, heading: tuple[str, ...] = ()) -> str:
    """The whole file."""
    return "\n".join((*(_comment(line, 0) for line in heading), *_lines(document, comments, ()))) + "\n"


def _lines(value: Mapping[str, Any], comments: Comments, path: tuple[str, ...]) -> Iterator[str]:
    indent = "  " * len(path)
    width = max((_width(scalar(key)) for key in value), default=0) if path and path[-1] in _ONE_A_LINE else 0
    for key, item in value.items():
        here = (*path, str(key))
        if not path and key in _SPACED:
            yield ""
        for line in comments.get(here, ()):
            yield _comment(line, len(path))
        name = scalar(key)
        one_line = f"{indent}{name}: {' ' * max(width - _width(name), 0)}{flow(item)}"
        if _fits(one_line, item, here, comments):
            yield one_line.rstrip()
        elif isinstance(item, Mapping):
            yield f"{indent}{name}:"
            yield from _lines(item, comments, here)
        elif isinstance(item, (list, tuple)) and item and isinstance(item[0], Mapping):
            yield f"{indent}{name}:"
            yield from (f"{indent}  - {flow(each)}" for each in item)
        else:
            yield one_line
    for line in comments.get((*path, "*"), ()):
        yield _comment(line, len(path))


def _fits(line: str, item: Any, path: tuple[str, ...], comments: Comments) -> bool:
    if not isinstance(item, (Mapping, list, tuple)) or not item:
        return True
    if len(path) == 1 and path[0] in _SPACED:
        return False
    if path[-1] == "by_hour":
        return True
    nested = any(len(known) > len(path) and known[: len(path)] == path for known in comments)
    structured = isinstance(item, Mapping) and any(key in _ONE_A_LINE and key != "values" for key in item)
    listed = isinstance(item, (list, tuple)) and isinstance(item[0], Mapping) and path[0] == "examples"
    return len(line) <= WIDTH and not nested and not structured and not listed


def _width(text: str) -> int:
    """Columns of a terminal: a Chinese character takes two."""
    return sum(2 if unicodedata.east_asian_width(character) in "WF" else 1 for character in text)


def _comment(line: str, depth: int) -> str:
    shown = "".join(character if character.isprintable() else "·" for character in line)
    return f"{'  ' * depth}# {shown}".rstrip()
