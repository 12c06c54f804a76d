"""YAML without surprises: every scalar stays text, nothing is repeated, everything has a line.

`18:30` is not 1110, `no` is not False and `012345` keeps its zero. Anchors, aliases, merge keys, tags, tabs,
duplicate keys and a second document are refused: a contract is read by people, and says things once.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import yaml

from streams.contract.errors import ContractError, Problem

MAX_CHARACTERS = 256 * 1024
MAX_DEPTH = 12

Path = tuple[str | int, ...]

_JSON_NUMBER = re.compile(r"-?(0|[1-9]\d{0,30})(\.\d{1,30})?([eE][+-]?\d{1,3})?", re.ASCII)


class Plain(str):
    """A scalar that stands in the file without quotes."""

    __slots__ = ()


@dataclass
class Document:
    """What a file says: dicts, lists and texts, and the line of every key and value by its path."""

    name: str
    root: Any = None
    lines: dict[Path, int] = field(default_factory=dict)

    def line(self, path: Path) -> int:
        """The line of what `path` names, or of the nearest thing around it that the file has."""
        while path and path not in self.lines:
            path = path[:-1]
        return self.lines.get(path, 1)


def read(text: str, name: str) -> Document:
    """Read one YAML mapping. Raises ContractError with file and line."""
    _refuse_unreadable(text, name)
    document = Document(name)
    builder = _Builder(document, _events(text, name))
    document.root = builder.build()
    return document


def as_json(value: Any) -> Any:
    """Examples are JSON as it would be sent: what stands without quotes and is a JSON literal, is one."""
    if isinstance(value, dict):
        return {str(key): as_json(item) for key, item in value.items()}
    if isinstance(value, list):
        return [as_json(item) for item in value]
    if isinstance(value, Plain):
        if value in ("null", "true", "false"):
            return json.loads(value)
        if _JSON_NUMBER.fullmatch(value):
            number = json.loads(value)
            return number if math.isfinite(number) else str(value)
    return str(value)


def _refuse_unreadable(text: str, name: str) -> None:
    if len(text) > MAX_CHARACTERS:
        raise ContractError(
            [
                Problem(
                    name, 1, f"{len(text):,} characters", f"at most {MAX_CHARACTERS:,}", "Split the source."
                )
            ]
        )
    try:
        text.encode()
    except UnicodeEncodeError as error:
        line = text.count("\n", 0, error.start) + 1
        raise ContractError(
            [Problem(name, line, "half a character (a lone surrogate)", "UTF-8 text")]
        ) from error
    tab = text.find("\t")
    if tab >= 0:
        line = text.count("\n", 0, tab) + 1
        raise ContractError([Problem(name, line, "a tab character", "spaces", "Replace the tab by spaces.")])


def _events(text: str, name: str) -> Iterator[Any]:
    try:
        yield from yaml.parse(text, Loader=_LOADER)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        what = " ".join(part for part in (error.context, error.problem) if part)
        raise ContractError(
            [
                Problem(
                    name, mark.line + 1 if mark else 1, f"not YAML: {what}", "a mapping", _syntax_remedy(what)
                )
            ]
        ) from error
    except yaml.YAMLError as error:
        line = text.count("\n", 0, getattr(error, "position", 0)) + 1
        what = str(error).splitlines()[0]
        raise ContractError([Problem(name, line, f"not YAML: {what}", "printable UTF-8 text")]) from error


def _syntax_remedy(what: str) -> str:
    if "expected ',' or" in what or "did not find expected ',' or" in what:
        return "Is a bracket or a comma missing on this line or the one before?"
    return "Look at indentation, colons and quotes here; quote texts that hold ': ' or '#'."


# libyaml where PyYAML was built with it: eight times faster, the same events.
_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class _Builder:
    """Builds values from events, so that depth and repetition are refused before memory is spent.

    Events are of type Any: the stubs leave out what each kind of event has.
    """

    def __init__(self, document: Document, events: Iterator[Any]) -> None:
        self.document = document
        self.events = events

    def build(self) -> Any:
        root = None
        documents = 0
        for event in self.events:
            if isinstance(event, yaml.DocumentStartEvent):
                documents += 1
                if documents > 1:
                    self._refuse(event, "a second document (---)", "one contract a file")
            elif isinstance(event, yaml.NodeEvent):
                root = self._node(event, ())
        if not isinstance(root, dict):
            raise ContractError(
                [Problem(self.document.name, 1, "no mapping of keys", "source:, title:, ...")]
            )
        return root

    def _node(self, event: Any, path: Path) -> Any:
        self.document.lines.setdefault(path, event.start_mark.line + 1)
        if isinstance(event, yaml.AliasEvent):
            self._refuse(event, f"alias *{event.anchor}", "values written out", "Repeat the value here.")
        if getattr(event, "anchor", None):
            self._refuse(event, f"anchor &{event.anchor}", "values written out", "Remove the anchor.")
        if getattr(event, "tag", None):
            self._refuse(event, f"tag {event.tag}", "values without tags", "Remove the tag.")
        if len(path) > MAX_DEPTH:
            self._refuse(event, "nesting without end", f"at most {MAX_DEPTH} levels")
        if isinstance(event, yaml.MappingStartEvent):
            return self._mapping(path)
        if isinstance(event, yaml.SequenceStartEvent):
            return self._sequence(path)
        return self._scalar(event, path)

    def _scalar(self, event: Any, path: Path) -> str:
        plain = not event.style
        if plain and event.value in ("", "~"):
            self._refuse(event, f"{dotted(path)} has no value", "a value", "Write the value or drop the key.")
        return Plain(event.value) if plain else str(event.value)

    def _sequence(self, path: Path) -> list[Any]:
        items: list[Any] = []
        for event in self.events:
            if isinstance(event, yaml.SequenceEndEvent):
                break
            items.append(self._node(event, (*path, len(items))))
        return items

    def _mapping(self, path: Path) -> dict[str, Any]:
        mapping: dict[str, Any] = {}
        for event in self.events:
            if isinstance(event, yaml.MappingEndEvent):
                break
            key = self._key(event, path, mapping)
            mapping[key] = self._node(next(self.events), (*path, key))
        return mapping

    def _key(self, event: Any, path: Path, mapping: dict[str, Any]) -> str:
        if not isinstance(event, yaml.ScalarEvent):
            self._refuse(event, "a key that is not a text", "key: value")
        if event.value == "<<":
            self._refuse(event, "merge key <<", "values written out", "Repeat the keys here.")
        key = str(self._node(event, (*path, event.value)))
        if key in mapping:
            first = self.document.lines[(*path, key)]
            self._refuse(
                event, f"duplicate key '{key}'", "each key once", f"It stands on line {first} already."
            )
        return key

    def _refuse(self, event: Any, what: str, expected: str, remedy: str = "") -> None:
        raise ContractError([Problem(self.document.name, event.start_mark.line + 1, what, expected, remedy)])


def dotted(path: Path) -> str:
    """`fields.price_fen.range` for a person to read."""
    return ".".join(map(str, path)) or "the contract"
