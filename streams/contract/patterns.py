"""Whole-value patterns, in the syntax that RE2 (DuckDB), Java (Spark) and Python agree on.

RE2 runs in linear time, Java and Python backtrack: what could explode there is refused although DuckDB would
cope.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from functools import cache
from re import _constants as sre  # type: ignore[attr-defined]  # the parser that `re` itself uses
from re import _parser as sre_parser  # type: ignore[attr-defined]
from typing import Any

import duckdb

MAX_CHARACTERS = 200
MAX_REPEAT = 1000
MAX_OPEN_REPEATS = 3
MOST_STEPS = 10**7
"""What Java or Python may take to refuse a text: some tenths of a second."""

_UNBOUNDED = sre.MAXREPEAT


def full_match(value: str, pattern: str) -> str:
    """DuckDB SQL that is true where the whole text `value` matches, alternatives included; RE2 lets no
    newline slip through at the end."""
    quoted = pattern.replace("'", "''")
    return f"regexp_full_match({value}, '{quoted}')"


def refusal(pattern: str) -> tuple[str, str] | None:
    """(what is wrong, what to do) with a pattern, or None where it may be used."""
    return next(_refusals(pattern), None)


def worst_steps(pattern: str, length: int) -> float:
    """About how many steps an engine that backtracks takes to refuse a text of that length, at worst.

    `refusal` has let the pattern pass: no repeat stands in another, so that open repeats are what counts,
    each of which may end at any place of the text.
    """
    return float(length) ** _open_repeats(sre_parser.parse(pattern))


def _refusals(pattern: str) -> Iterator[tuple[str, str]]:
    if len(pattern) > MAX_CHARACTERS:
        yield (
            f"a pattern of {len(pattern)} characters",
            f"At most {MAX_CHARACTERS}; use type enum for a list.",
        )
        return
    if not pattern.isprintable() or not pattern:
        yield f"the pattern {pattern!r}", "Write at least one character, all of them printable."
        return
    spoken_differently = next(_dialects(pattern), None)
    if spoken_differently is not None:
        yield spoken_differently
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
    if _open_repeats(parsed) > MAX_OPEN_REPEATS:
        yield "several open repeats", f"At most {MAX_OPEN_REPEATS}: say how long the other parts are."
    if not _re2_reads(pattern):
        yield (
            f"RE2 does not read '{pattern}'",
            "Use character classes, groups, alternatives and repeats only.",
        )


_TOKEN = re.compile(
    r"""(?P<escape>\\.) | (?P<repeat>\{\d+(,\d*)?\}) | (?P<class>\[\^?\]?(\\.|[^\]\\])*\])
    | (?P<group>\(\?:|\((?!\?)) | (?P<look>\(\?<?[=!]) | (?P<special>\(\?) | (?P<brace>[{}]) | (?P<dot>\.)""",
    re.VERBOSE | re.DOTALL,
)
_TOLD_APART = {
    "look": ("look-around", "A pattern describes the whole value; say it with a check instead."),
    "special": ("a group that begins with (?", "Use (...) or (?:...); write Aa as [Aa] instead of (?i)a."),
    "brace": ("a brace that is no repeat such as {3} or {2,5}", "Escape it, or write {0,3} instead of {,3}."),
    "dot": ("a dot, which engines understand differently", "Say which characters: [A-Za-z0-9 ]."),
}
_ESCAPES = frozenset("dDwW")


def _dialects(pattern: str) -> Iterator[tuple[str, str]]:
    """What RE2, Java and Python read differently, or do not read all three."""
    for token in _TOKEN.finditer(pattern):
        kind, text = str(token.lastgroup), token.group()
        if kind in _TOLD_APART:
            yield _TOLD_APART[kind]
        if kind == "class" and ("[" in text[1:] or "&&" in text or "--" in text):
            yield f"the class {text}", "Escape [ inside of it, and write && and -- apart."
        for escaped in re.findall(r"\\(.)", text) if kind in ("escape", "class") else ():
            if (
                escaped.isalnum()
                and escaped not in _ESCAPES
                and not (kind == "escape" and escaped in "AbBzZ")
            ):
                digit = escaped.isdecimal()
                yield (
                    ("a back-reference" if digit else f"the escape \\{escaped}"),
                    (
                        "Use a check over two fields instead."
                        if digit
                        else "Write the character itself, or a class."
                    ),
                )


@cache
def _re2(process: int) -> duckdb.DuckDBPyConnection:
    """One of each process, also of a forked one: to open it takes longer than to read a hundred patterns."""
    return duckdb.connect(config={"threads": 1})


@cache
def _re2_reads(pattern: str) -> bool:
    with _re2(os.getpid()).cursor() as connection:
        try:
            connection.execute(f"select {full_match('v', pattern)} from (select '' as v)")  # noqa: S608 (quoted)
        except duckdb.Error:
            return False
    return True


def _open_repeats(parsed: Any) -> int:
    """How many repeats may take more than _FEW more characters: backtracking costs length to their number."""
    count = 0
    for operation, argument in parsed:
        if operation in (sre.MAX_REPEAT, sre.MIN_REPEAT):
            low, high, inner = argument
            count += (high is _UNBOUNDED or high - low > _FEW) + _open_repeats(inner)
        elif operation is sre.SUBPATTERN:
            count += _open_repeats(argument[-1])
        elif operation is sre.BRANCH:
            count += max(map(_open_repeats, argument[1]))
    return count


def _refused_parts(parsed: Any, *, repeated: bool) -> Iterator[tuple[str, str]]:
    """Walk the parse tree; `repeated` says that we are inside a repeat of more than _FEW times."""
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
_REFUSED = {
    sre.POSSESSIVE_REPEAT: ("a possessive repeat", "Use a plain repeat."),
    sre.AT: ("an anchor (^, $, \\A, \\b ...)", "A pattern is the whole value already: drop the anchor."),
}
