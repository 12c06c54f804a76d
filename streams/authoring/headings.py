"""Headings -> names of fields: ASCII identifiers, also for Chinese headings. Pure."""

from __future__ import annotations

import csv
import re
from collections.abc import Collection, Iterator
from functools import cache
from pathlib import Path

from streams.contract.rules.fields import ENVELOPE, RESERVED
from streams.importer.columns import split_unit

MAX_LENGTH = 40
"""Of a field's name (streams.contract.model.FieldName)."""

_GLOSSARY = Path(__file__).parent / "glossary.csv"
_NOTE = re.compile(r"[（(\[【].*?[)）\]】]")
_CAMEL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")
_WORD = re.compile(r"[A-Za-z0-9]+|[\u3400-\u9fff]+")


def is_chinese(text: str) -> bool:
    """Whether the text has a Chinese character."""
    return re.search(r"[\u3400-\u9fff]", text) is not None


def title_of(heading: str) -> str:
    """A heading as a field's title: without its unit, on one line, at most 60 characters."""
    name, unit = split_unit(heading)
    plain = " ".join(heading.split())
    return (plain if unit is None or not is_chinese(name) else name)[:60].strip() or "-"


def name_of(
    heading: str, taken: Collection[str] = (), reserved: Collection[str] = RESERVED | ENVELOPE
) -> str:
    """A name for the field under a heading: `用餐人次` -> meal_visits, `Request Type` -> request_type.

    Words of the glossary are translated, other Chinese is spelled in pinyin. A name that is taken or
    belongs to the platform or the event gets a number.
    """
    short, _ = split_unit(heading)
    text = _NOTE.sub("", short if is_chinese(short) else heading)
    words = [word for part in _WORD.findall(text) for word in _words(part)]
    return _free(_cut("_".join(words)), taken, reserved)


def _words(part: str) -> Iterator[str]:
    if is_chinese(part):
        yield from _translated(part)
    else:
        yield from (word.lower() for word in _CAMEL.split(part) if word)


def _translated(text: str) -> Iterator[str]:
    """The words of the glossary that cover most of the text, the fewest of them; pinyin for what is left."""
    glossary, longest = _glossary()
    best: list[tuple[int, int, list[str]]] = [(0, 0, [])]
    """Up to each place: characters that no word covers, pieces, and the pieces."""
    for end in range(1, len(text) + 1):
        uncovered, count, pieces = best[end - 1]
        joined = bool(pieces) and pieces[-1] not in glossary
        spelled = [*pieces[:-1], pieces[-1] + text[end - 1]] if joined else [*pieces, text[end - 1]]
        ways = [(uncovered + 1, count + (not joined), spelled)]
        for begin in range(max(end - longest, 0), end):
            if text[begin:end] in glossary:
                uncovered, count, pieces = best[begin]
                ways.append((uncovered, count + 1, [*pieces, text[begin:end]]))
        best.append(min(ways, key=lambda way: way[:2]))
    for piece in best[-1][2]:
        yield glossary.get(piece) or "".join(_pinyin(piece))


def _pinyin(text: str) -> Iterator[str]:
    from pypinyin import lazy_pinyin  # noqa: PLC0415 (its dictionary takes as long as all of `contract check`)

    if text:
        yield "".join(re.sub(r"[^a-z0-9]", "", syllable.lower()) for syllable in lazy_pinyin(text))


def _cut(name: str) -> str:
    name = re.sub(r"_+", "_", name).strip("_")
    if not name[:1].isalpha():
        name = f"field_{name}".rstrip("_")
    while len(name) > MAX_LENGTH:
        shorter = name.rpartition("_")[0]
        name = shorter if shorter else name[:MAX_LENGTH]
    return name


def _free(name: str, taken: Collection[str], reserved: Collection[str]) -> str:
    if name in reserved:
        name = f"{name}_said"
    number, free = 2, name
    while free in taken:
        free = f"{name[: MAX_LENGTH - 4]}_{number}"
        number += 1
    return free


@cache
def _glossary() -> tuple[dict[str, str], int]:
    with _GLOSSARY.open(encoding="utf-8", newline="") as file:
        words = {row["chinese"]: row["english"] for row in csv.DictReader(file)}
    return words, max(map(len, words))
