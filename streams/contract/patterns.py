"""Whole-value patterns, in the syntax that RE2 (DuckDB), Java (Spark) and Python agree on.

RE2 runs in linear time, Java and Python backtrack: what could explode there is refused although DuckDB would cope.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from re import _constants as sre  # type: ignore[attr-defined]  # the parser that `re` itself uses
from re import _parser as sre_parser  # type: ignore[attr-defined]
from typing import Any

MAX_CHARACTERS = 200
MAX_REPEAT = 1000

_UNBOUNDED = sre.MAXREPEAT


def full_match(value: str, pattern: str) -> str:
    r"""DuckDB SQL that is true where the whole text `value` matches; `\A...\z`, no newline slips through."""
    quoted = (r"\A(?:" + pattern + r")\z").replace("'", "''")
    return f"regexp_full_match({value}, '{quoted}')"


def refusal(pattern: str) -> tuple[str, str] | None:
    """(what is wrong, what to do) with a pattern, or None where it may be used."""
    return next(_refusals(pattern), None)


def _refusals(pattern: str) -> Iterator[tuple[str, str]]:
    if len(pattern) > MAX_CHARACTERS:
        yield (
            f"a pattern of {len(pattern)} characters",
            f"At most {MAX_CHARACTERS}; use type enum for a list.",
        )
        return
    try:
        parsed = sre_parser.parse(pattern)
    except re.error as error:
        yield f"'{pattern}' is not a pattern: {error}", "Correct the pattern."
        return
    except (RecursionError, OverflowError):
        yield "a pattern nested too deeply", "Write it flat."
        return
    yield from _refused_parts(parsed, repeated=False)


def _refused_parts(parsed: Any, *, repeated: bool) -> Iterator[tuple[str, str]]:
    """Walk the parse tree; `repeated` says that we are inside a repeat of more than _FEW times."""
    if getattr(parsed, "state", None) is not None and parsed.state.flags & ~_DEFAULT_FLAGS:
        yield "inline flags such as (?i)", "Write the characters out: [Aa]."
    for operation, argument in parsed:
        if operation in _REFUSED:
            yield _REFUSED[operation]
        elif operation in (sre.MAX_REPEAT, sre.MIN_REPEAT):
            yield from _refused_repeat(argument, repeated)
        elif operation is sre.SUBPATTERN:
            yield from _refused_parts(argument[-1], repeated=repeated)
        elif operation is sre.BRANCH:
            if repeated:
                yield "an alternative inside a repeat", "Use a character class: [ab]+ instead of (a|b)+."
            for branch in argument[1]:
                yield from _refused_parts(branch, repeated=repeated)


def _refused_repeat(argument: tuple[int, int, Any], repeated: bool) -> Iterator[tuple[str, str]]:
    low, high, inner = argument
    if repeated and low != high:
        yield "a repeat inside a repeat", "It can take exponential time; write the lengths out."
    if high is not _UNBOUNDED and high > MAX_REPEAT:
        yield f"a repeat of {high}", f"At most {MAX_REPEAT}; use max_length for the length of a text."
    many = high is _UNBOUNDED or high > _FEW
    yield from _refused_parts(inner, repeated=repeated or many)


_FEW = 3
_DEFAULT_FLAGS = int(re.UNICODE)
_REFUSED = {
    sre.ASSERT: ("look-around", "A pattern describes the whole value; say it with a check instead."),
    sre.ASSERT_NOT: ("look-around", "A pattern describes the whole value; say it with a check instead."),
    sre.GROUPREF: ("a back-reference", "Use a check over two fields instead."),
    sre.GROUPREF_EXISTS: ("a back-reference", "Use a check over two fields instead."),
    sre.ATOMIC_GROUP: ("an atomic group", "Use a plain group."),
    sre.POSSESSIVE_REPEAT: ("a possessive repeat", "Use a plain repeat."),
    sre.AT: ("an anchor (^, $, \\A, \\b ...)", "A pattern is the whole value already: drop the anchor."),
}
