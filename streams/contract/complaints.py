"""pydantic's errors -> problems with line, expectation and remedy."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, get_args

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from streams.contract.errors import Problem
from streams.contract.model import Contract
from streams.contract.strict_yaml import Document, Path, dotted
from streams.contract.suggestions import did_you_mean, one_of

_EXPECTED = {
    "dict_type": "a mapping (key: value)",
    "model_type": "a mapping (key: value)",
    "tuple_type": "a list [a, b]",
    "list_type": "a list [a, b]",
    "string_type": "a text",
    "is_instance_of": "a text",
}


def problems(error: ValidationError, document: Document) -> Iterator[Problem]:
    """Every error of a validation, in words."""
    for detail in error.errors(include_url=False):
        path: Path = tuple(part for part in detail["loc"] if part != "[key]")
        what, expected, remedy = _words(detail, path)
        yield Problem(document.name, document.line(path), what, expected, remedy)


def _words(detail: ErrorDetails, path: Path) -> tuple[str, str, str]:
    context: dict[str, Any] = detail.get("ctx", {})
    where, found = dotted(path), _shown(detail["input"])
    match detail["type"]:
        case "contract":
            words = f"{where}: {context['what']}", context["expected"], context["remedy"]
        case "extra_forbidden":
            known = _keys_at(path[:-1])
            remedy = did_you_mean(str(path[-1]), known)
            words = f"unknown key '{path[-1]}' in {dotted(path[:-1])}", one_of(known), remedy
        case "missing":
            words = f"{dotted(path[:-1])} has no '{path[-1]}'", f"the key '{path[-1]}'", "Add it."
        case "literal_error":
            words = f"{where}: {found}", context["expected"], ""
        case "string_pattern_mismatch" if "a-z" in context["pattern"]:
            remedy = "Start with a letter; then letters, digits and single underscores."
            words = f"{where}: {found} is not a name", "lower case, such as price_fen", remedy
        case "string_pattern_mismatch":
            words = f"{where}: {found}", "text on one line that does not begin with a space", ""
        case kind:
            words = f"{where}: {found}", _EXPECTED.get(kind, _decapitalised(detail["msg"])), ""
    return words


def _keys_at(path: Path) -> list[str]:
    """The keys that the model at `path` knows."""
    at: Any = Contract
    for part in path:
        at = _step(at, part)
    return list(at.model_fields) if isinstance(at, type) and issubclass(at, BaseModel) else []


def _step(at: Any, part: str | int) -> Any:
    if isinstance(at, type) and issubclass(at, BaseModel):
        return _unwrapped(at.model_fields[str(part)].annotation)
    return _unwrapped(get_args(at)[-1 if isinstance(part, str) else 0]) if get_args(at) else at


def _unwrapped(annotation: Any) -> Any:
    """`X | None` and `Annotated[X, ...]` without what is around X."""
    while True:
        inner = [item for item in get_args(annotation) if item is not type(None)]
        if hasattr(annotation, "__metadata__") or (len(inner) == 1 and type(None) in get_args(annotation)):
            annotation = inner[0]
        else:
            return annotation


def _shown(value: Any) -> str:
    if isinstance(value, dict):
        return "a mapping"
    if isinstance(value, (list, tuple)):
        return "a list"
    text = str(value)
    return f"'{text[:60]}…'" if len(text) > 60 else f"'{text}'"  # noqa: PLR2004 (a line of a terminal)


def _decapitalised(text: str) -> str:
    return text[:1].lower() + text[1:]
