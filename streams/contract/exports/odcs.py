"""Open Data Contract Standard 3.1: the contract for catalogues.

What the standard has a place for stands there: fields with logical types and options, checks and rules of
uniqueness as quality, topic, owner, retention and silence as service levels. What it has none for (metrics,
rhythm, day rules, life cycle, simulation, examples, the exact form of a field) stands in customProperties
under names that begin with `minsheng`, in the form of a contract file, so that `document_of` finds the whole
contract again.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import timedelta
from typing import Any

from streams.contract.exports.asyncapi import Kafka
from streams.contract.exports.document import document
from streams.contract.model import NESTED, Contract, FieldSpec
from streams.contract.types import NAMED_TYPES, max_length_of, range_of, values_of
from streams.topic_name import topic_name

Document = dict[str, Any]

API_VERSION = "v3.1.0"
OURS = "minsheng"
FORM = f"{OURS}Field"
_LOGICAL = {"DATE": "date", "TIMESTAMPTZ": "timestamp"}
# Sections that stand whole in customProperties; the others are taken apart over the standard's own places.
SECTIONS = (
    "topic", "accept", "checks", "unique", "life_cycle", "metrics", "expect", "day_rules", "simulate",
    "examples",
)  # fmt: skip


def odcs(contract: Contract, kafka: Kafka) -> Document:
    """The contract as a document of the standard, to be written as YAML."""
    said = document(contract)
    return {
        "apiVersion": API_VERSION,
        "kind": "DataContract",
        "id": f"{OURS}-{contract.source}",
        "name": contract.source,
        "version": contract.version,
        "status": "active",
        "domain": contract.owner,
        "description": {"purpose": contract.about},
        "servers": [{"server": "kafka", "type": "kafka", "host": kafka.bootstrap, "format": "json"}],
        "schema": [_schema(contract, said, topic_name(kafka.topic_prefix, contract.source))],
        "team": {"name": contract.owner},
        "slaProperties": list(_service_levels(contract)),
        "customProperties": [
            _custom(_name(section), said[section], f"section {section} of the contract file")
            for section in SECTIONS
            if section in said
        ],
    }


def document_of(exported: Mapping[str, Any]) -> Document | None:
    """The contract file's document that `odcs` was given; None where another program wrote the ODCS."""
    kept = {each["property"]: each["value"] for each in exported.get("customProperties") or ()}
    table = (exported.get("schema") or [{}])[0]
    properties = table.get("properties") or []
    fields = {each["name"]: _own(each) for each in properties}
    if _name("metrics") not in kept or not fields or None in fields.values():
        return None
    sections = {section: kept[_name(section)] for section in SECTIONS if _name(section) in kept}
    head = {
        "source": exported["name"],
        "title": table["businessName"],
        "about": exported["description"]["purpose"],
        "owner": exported["domain"],
    }
    order = ("topic", "accept")
    return {
        **head,
        **{section: sections.pop(section) for section in order if section in sections},
        "fields": fields,
        **sections,
    }


def _schema(contract: Contract, said: Document, topic: str) -> Document:
    return {
        "name": contract.source,
        "logicalType": "object",
        "physicalType": "topic",
        "physicalName": topic,
        "businessName": contract.title,
        "description": contract.about,
        "dataGranularityDescription": contract.about,
        "properties": [
            {**_property(name, spec), "customProperties": [_custom(FORM, said["fields"][name])]}
            for name, spec in contract.fields.items()
        ],
        "quality": list(_quality(contract)),
    }


def _property(name: str, spec: FieldSpec) -> Document:
    written: Document = {
        "name": name,
        "businessName": spec.title,
        "logicalType": _logical(spec),
        "physicalType": spec.type,
        "required": not spec.optional,
    }
    if spec.about:
        written["description"] = spec.about
    if spec.pii:
        written |= {"classification": "personal", "tags": ["pii", "tokenised"]}
    if spec.type == "object":
        written["properties"] = [_property(key, inner) for key, inner in spec.fields.items()]
    elif spec.type == "list":
        inside = [_property(key, inner) for key, inner in spec.fields.items()]
        written["items"] = {"logicalType": "object", "properties": inside}
        written["logicalTypeOptions"] = {"maxItems": spec.most_items}
    elif options := _options(spec):
        written["logicalTypeOptions"] = options
    if spec.type not in NESTED and (values := list(values_of(spec))):
        arguments = {"validValues": values}
        written["quality"] = [
            {"metric": "invalidValues", "arguments": arguments, "mustBe": 0, "dimension": "conformity"}
        ]
    return written


def _logical(spec: FieldSpec) -> str:
    if spec.type in NESTED:
        return "object" if spec.type == "object" else "array"
    named = NAMED_TYPES[spec.type]
    return _LOGICAL.get(named.duckdb, named.json)


def _options(spec: FieldSpec) -> Document:
    """The standard's options of the logical type; personal values arrive as tokens, whatever they were."""
    named, logical = NAMED_TYPES[spec.type], _logical(spec)
    if logical == "date":
        return {"format": "yyyy-MM-dd"}
    if logical == "timestamp":
        return {"format": "yyyy-MM-dd'T'HH:mm:ssXXX", "timezone": True}
    if bounds := range_of(spec):
        return {"minimum": bounds[0], "maximum": bounds[1]}
    written: Document = {}
    if pattern := spec.pattern or named.pattern:
        written["pattern"] = f"^(?:{pattern})$"
    if longest := max_length_of(spec):
        written["maxLength"] = longest
    return written


def _quality(contract: Contract) -> Iterator[Document]:
    for name, check in contract.checks.items():
        yield {
            "name": name,
            "description": check.title,
            "type": "custom",
            "engine": OURS,
            "implementation": check.that,
            "dimension": "consistency",
            "severity": "error",
            "method": "an event is quarantined where it is false",
        }
    for name, rule in contract.unique.items():
        yield {
            "name": name,
            "description": rule.title,
            "type": "library",
            "metric": "duplicateValues",
            "mustBe": 0,
            "arguments": {"properties": list(rule.fields)},
            "dimension": "uniqueness",
            "severity": "error",
            "method": f"at most {rule.times} per {rule.per}" + (f" where {rule.where}" if rule.where else ""),
        }


def _service_levels(contract: Contract) -> Iterator[Document]:
    retention, silence = contract.topic.retention, contract.expect.silent_after
    yield {
        "property": "retention",
        "value": retention // timedelta(hours=1),
        "unit": "h",
        "driver": "operational",
    }
    yield {
        "property": "frequency",
        "value": contract.expect.per_day,
        "unit": "d",
        "description": "events a day, as a rule",
    }
    yield {
        "property": "latency",
        "value": silence // timedelta(seconds=1),
        "unit": "s",
        "description": "longest silence within opening hours before an alert",
    }


def _name(section: str) -> str:
    return OURS + "".join(part.capitalize() for part in section.split("_"))


def _custom(name: str, value: Any, description: str = "") -> Document:
    written = {"property": name, "value": value}
    return {**written, "description": description} if description else written


def _own(written: Mapping[str, Any]) -> Any:
    properties = written.get("customProperties") or ()
    return next((each["value"] for each in properties if each["property"] == FORM), None)
