"""A contract in the Open Data Contract Standard (3.x) as a starting point: what fits, and what does not.

The standard describes tables; a source of events has a place, a rhythm, metrics and examples beside its
fields. Those are put as placeholders, and everything that could not be carried over is said.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from streams.authoring import hints
from streams.authoring.errors import NoContract
from streams.authoring.example_verdicts import example_verdicts
from streams.authoring.examples import made_examples
from streams.authoring.headings import name_of
from streams.authoring.odcs_fields import Lost, field_of
from streams.authoring.rhythm import UNKNOWN
from streams.authoring.writing import written
from streams.contract.exports.odcs import document_of
from streams.contract.loader import parse_contract
from streams.contract.model import Contract, FieldSpec
from streams.contract.types import NAMED_TYPES, values_of

KIND = "DataContract"
MOST_BYTES = 1024 * 1024
_NOT_OURS = {
    "servers": "where data is stored: the platform makes its own topic and tables",
    "price": "the platform has no prices",
    "roles": "access is given in Superset and PostgreSQL",
    "support": "put whom to ask into `about` or `owner`",
    "authoritativeDefinitions": "links: put what matters into `about`",
    "relationships": "events refer to nothing; a reference table can be named by a day rule",
}


def read_odcs(path: Path) -> dict[str, Any]:
    """The document of a file. Raises NoContract."""
    try:
        content = path.read_bytes()
        if len(content) > MOST_BYTES:
            raise NoContract(f"{path} has {len(content):,} bytes, at most {MOST_BYTES:,} are read.")
        # A few aliases can stand for more than memory holds.
        if any(isinstance(event, yaml.AliasEvent) for event in yaml.parse(content, Loader=yaml.SafeLoader)):
            raise NoContract(f"{path} has YAML aliases. Write the values out.")
        document = yaml.safe_load(content)
    except (OSError, yaml.YAMLError, UnicodeDecodeError, ValueError) as error:
        raise NoContract(f"{path} cannot be read as YAML: {error}") from error
    if not isinstance(document, dict):
        raise NoContract(f"{path} is not a mapping of keys, as a data contract is.")
    return document


@dataclass(frozen=True)
class Carried:
    """`text`: the contract's YAML. `lost`: (where in the ODCS file, why it was not carried over)."""

    contract: Contract
    text: str
    lost: tuple[Lost, ...] = field(default=())


def from_odcs(
    document: Mapping[str, Any],
    file: str,
    source: str,
    said: Mapping[str, str | None],
    table: str | None = None,
) -> Carried:
    """A contract out of a document of the standard. `said`: title, about and owner that its owner gave.

    `table`: which of several schema objects. Raises NoContract.
    """
    if document.get("kind") != KIND or not str(document.get("apiVersion", "")).startswith("v3"):
        raise NoContract(
            f"{file}: not a contract of the Open Data Contract Standard 3 (kind: {KIND}, apiVersion: v3...)."
        )
    ours = document_of(document)
    if ours is not None:
        whole = {**ours, "source": source, **{key: value for key, value in said.items() if value}}
        text = written(whole, {}, (f"From {file}, which this platform exported.",))
        return Carried(parse_contract(text, source), text)
    chosen, lost = _table(document, file, table)
    fields = _fields(chosen, lost)
    lost += [Lost(key, why) for key, why in _NOT_OURS.items() if document.get(key)]
    lost += [
        Lost(f"{chosen.get('name')}.quality", _quality_words(rule)) for rule in chosen.get("quality") or ()
    ]
    title = said.get("title") or str(chosen.get("businessName") or document.get("name") or source)
    purpose = (
        (document.get("description") or {}).get("purpose")
        if isinstance(document.get("description"), Mapping)
        else None
    )
    about = said.get("about") or str(chosen.get("description") or purpose or f"{title}（待补充）")
    owner = said.get("owner") or str(document.get("domain") or _team(document) or "待定")
    whole = _document(source, _line(title, 60), _line(about, 1000), _line(owner, 60), fields, file)
    whole |= {"examples": _examples(whole, fields, source)}
    heading = (
        f"From {file} (Open Data Contract Standard {document.get('apiVersion')}).",
        "Key, metrics, rhythm and examples are placeholders: the standard has no place for them.",
        *(["Not carried over:"] if lost else []),
        *(f"- {each.where}: {each.why}" for each in lost),
    )
    text = written(whole, {("expect",): UNKNOWN.evidence}, heading)
    return Carried(parse_contract(text, source), text, tuple(lost))


def _table(
    document: Mapping[str, Any], file: str, wanted: str | None
) -> tuple[Mapping[str, Any], list[Lost]]:
    tables = [each for each in document.get("schema") or () if isinstance(each, Mapping)]
    named = [each for each in tables if wanted in (None, each.get("name"))]
    if not named:
        there = ", ".join(str(each.get("name")) for each in tables) or "none"
        raise NoContract(f"{file}: no schema object {wanted or ''}; there are: {there}.")
    others = [each for each in tables if each is not named[0]]
    why = "another schema object: a source of its own; name it by --table"
    return named[0], [Lost(f"schema.{each.get('name')}", why) for each in others]


def _fields(table: Mapping[str, Any], lost: list[Lost]) -> dict[str, FieldSpec]:
    fields: dict[str, FieldSpec] = {}
    for written_field in table.get("properties") or ():
        name = name_of(str(written_field.get("name") or "field"), fields)
        spec = field_of(written_field, f"{table.get('name')}.{written_field.get('name')}", lost)
        if spec is not None:
            while any(spec.title == other.title for other in fields.values()):
                spec = spec.model_copy(update={"title": f"{spec.title[:50]} ({name})"})
            fields[name] = spec
    return fields


def _document(  # noqa: PLR0917 (the head of a contract)
    source: str, title: str, about: str, owner: str, fields: dict[str, FieldSpec], file: str
) -> dict[str, Any]:
    key = _key(fields)
    if key is None:
        raise NoContract(
            f"{file}: no required text could be the place of an event. Add one: a canteen, a station."
        )
    groups = [
        name
        for name, spec in fields.items()
        if name != key
        and spec.type in NAMED_TYPES
        and (values_of(spec) or spec.type == "bool")
        and spec.pii is None
    ]
    sums = [
        name for name, spec in fields.items() if spec.type in NAMED_TYPES and NAMED_TYPES[spec.type].number
    ]
    measures: dict[str, Any] = {"events": {"title": "件数", "of": "count"}}
    measures |= {
        f"{name[:34]}_sum": {"title": f"{fields[name].title[:50]}合计", "of": f"sum {name}"}
        for name in sums[:3]
    }
    return {
        "source": source,
        "title": title,
        "about": about,
        "owner": owner,
        "topic": {"partitions": 2, "retention": "7d", "key": key},
        "fields": {name: _said(spec) for name, spec in fields.items()},
        "metrics": {"events": {"title": title, "by": groups[:3], "measures": measures}},
        "expect": UNKNOWN.expect,
    }


def _key(fields: Mapping[str, FieldSpec]) -> str | None:
    places = [
        name
        for name, spec in fields.items()
        if not spec.optional
        and spec.pii is None
        and spec.type in NAMED_TYPES
        and NAMED_TYPES[spec.type].duckdb == "VARCHAR"
    ]
    return next((name for name in places if name in hints.PLACE), places[0] if places else None)


def _said(spec: FieldSpec) -> dict[str, Any]:
    said = spec.model_dump(exclude_defaults=True, exclude={"fields"})
    said = {key: list(value) if isinstance(value, tuple) else value for key, value in said.items()}
    return {
        **said,
        **({"fields": {name: _said(inner) for name, inner in spec.fields.items()}} if spec.fields else {}),
    }


def _examples(whole: Mapping[str, Any], fields: Mapping[str, FieldSpec], source: str) -> dict[str, Any]:
    good, bad = made_examples(fields)
    contract = parse_contract(written({**whole, "examples": {"good": [good], "bad": bad}}, {}), source)
    _, verdicts = example_verdicts(contract)
    confirmed = [
        each
        for each, verdict in zip(bad, verdicts, strict=True)
        if verdict.gives(each["because"], each["field"])
    ]
    return {"good": [good], "bad": confirmed}


def _quality_words(rule: Mapping[str, Any]) -> str:
    name = rule.get("name") or rule.get("metric") or rule.get("type") or "rule"
    said = rule.get("description") or rule.get("query") or rule.get("implementation") or ""
    return f"{name}: write it as a check, a rule of uniqueness or a day rule. {_line(str(said), 100)}".strip()


def _team(document: Mapping[str, Any]) -> str | None:
    team = document.get("team")
    return str(team["name"]) if isinstance(team, Mapping) and team.get("name") else None


def _line(text: str, most: int) -> str:
    return " ".join(text.split())[:most].strip() or "-"
