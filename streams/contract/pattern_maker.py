"""Texts that a pattern matches, for the simulator."""

from __future__ import annotations

from random import Random
from re import _constants as sre  # type: ignore[attr-defined]  # the parser that `re` itself uses
from re import _parser as sre_parser  # type: ignore[attr-defined]
from typing import Any

_LONGEST_REPEAT = 8
_CATEGORIES = {
    sre.CATEGORY_DIGIT: "0123456789",
    sre.CATEGORY_WORD: "abcdefghijklmnopqrstuvwxyz0123456789_",
    sre.CATEGORY_NOT_DIGIT: "abcdefghijklmnopqrstuvwxyz_",
    sre.CATEGORY_NOT_WORD: " -.",
}


def make(random: Random, pattern: str) -> str:
    """A text that `pattern` (one that `patterns.refusal` lets pass) matches as a whole."""
    return "".join(_make(random, operation, argument) for operation, argument in sre_parser.parse(pattern))


def _make(random: Random, operation: Any, argument: Any) -> str:
    if operation is sre.LITERAL:
        return chr(argument)
    if operation is sre.NOT_LITERAL:
        return "a" if chr(argument) != "a" else "b"
    if operation is sre.IN:
        return random.choice(_characters(argument))
    items = argument[-1]
    if operation is sre.BRANCH:
        items = random.choice(argument[1])
    elif operation in (sre.MAX_REPEAT, sre.MIN_REPEAT):
        low, high, inner = argument
        items = list(inner) * random.randint(low, min(int(high), low + _LONGEST_REPEAT))
    return "".join(_make(random, *item) for item in items)


def _characters(items: Any) -> str:
    found: set[str] = set()
    negated = False
    for operation, argument in items:
        if operation is sre.NEGATE:
            negated = True
        elif operation is sre.LITERAL:
            found.add(chr(argument))
        elif operation is sre.RANGE:
            found.update(map(chr, range(argument[0], argument[1] + 1)))
        else:
            found.update(_CATEGORIES[argument])
    if negated:
        found = {chr(code) for code in range(33, 127)} - found
    return "".join(sorted(found))
