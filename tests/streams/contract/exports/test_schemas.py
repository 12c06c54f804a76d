"""Avro, AsyncAPI, OpenAPI and ODCS: sound by the formats' own validators, and true of real events."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from copy import deepcopy
from datetime import UTC, date, datetime
from decimal import Decimal
from io import BytesIO
from typing import Any

import fastavro
import yaml
from jsonschema import Draft202012Validator
from open_data_contract_standard.model import OpenDataContractStandard
from openapi_spec_validator import validate

from streams.contract.exports.asyncapi import asyncapi, kafka_schema
from streams.contract.exports.avro import avro_schema
from streams.contract.exports.canonical_yaml import yaml_text
from streams.contract.exports.odcs import document_of, odcs
from streams.contract.loader import parse_contract
from streams.contract.model import NESTED, Contract, FieldSpec
from streams.contract.types import NAMED_TYPES
from streams.gateway.document import openapi_document
from tests.streams.contract.exports.conftest import CONTRACTS, KAFKA

OWN = [contract for name, contract in CONTRACTS.items() if name != "nested"]
NOW = "2022-01-01T08:00:00+08:00"


def event_of(contract: Contract, data: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "specversion": "1.0",
        "id": "1",
        "source": "/x",
        "type": contract.source,
        "time": NOW,
        "data": dict(data),
    }


def test_the_schema_of_a_topic_accepts_what_stands_there_and_no_person(contract: Contract) -> None:
    schema = kafka_schema(contract)
    Draft202012Validator.check_schema(schema)
    validator = Draft202012Validator(schema)
    for data in contract.examples.good:
        assert [error.message for error in validator.iter_errors(event_of(contract, data))] == []
    named = next((name for name in contract.personal if name in contract.fields), None)
    if named:
        person = {**contract.examples.good[0], named: "330302194001011232"}
        assert not validator.is_valid(event_of(contract, person))


def test_avro_holds_every_good_example_and_gives_it_back(contract: Contract) -> None:
    schema = fastavro.parse_schema(avro_schema(contract))
    for data in contract.examples.good:
        record = {
            **event_of(contract, {}),
            "time": datetime.fromisoformat(NOW),
            "data": {name: _typed(spec, data.get(name)) for name, spec in contract.fields.items()},
        }
        buffer = BytesIO()
        fastavro.schemaless_writer(buffer, schema, record, strict=True)
        buffer.seek(0)
        back = fastavro.schemaless_reader(buffer, schema, schema)
        assert back == {**record, "time": record["time"].astimezone(UTC)}


TYPED: dict[str, Callable[[Any], Any]] = {
    "DATE": date.fromisoformat,
    "TIMESTAMPTZ": lambda value: datetime.fromisoformat(value).astimezone(UTC),
    "DECIMAL(18,4)": lambda value: Decimal(str(value)).quantize(Decimal("0.0001")),
}


def _typed(spec: FieldSpec, value: Any) -> Any:
    """A value of JSON as Avro's Python library wants it."""
    if value is None:
        return None
    if spec.type == "object":
        return {name: _typed(inner, value.get(name)) for name, inner in spec.fields.items()}
    if spec.type == "list":
        return [
            {name: _typed(inner, item.get(name)) for name, inner in spec.fields.items()} for item in value
        ]
    kind = "VARCHAR" if spec.pii else NAMED_TYPES[spec.type].duckdb
    return TYPED[kind](value) if kind in TYPED else value


def test_avro_names_no_record_twice(contract: Contract) -> None:
    names = [each["name"] for each in _records(avro_schema(contract))]
    assert len(set(names)) == len(names)


def _records(schema: Any) -> Iterator[dict[str, Any]]:
    if isinstance(schema, dict):
        if schema.get("type") == "record":
            yield schema
        for value in schema.values():
            yield from _records(value)
    elif isinstance(schema, list):
        for value in schema:
            yield from _records(value)


def test_every_reference_of_the_asyncapi_document_leads_somewhere() -> None:
    document = asyncapi(OWN, KAFKA)
    assert set(document["channels"]) == {contract.source for contract in OWN}
    for reference in _references(document):
        at: Any = document
        for step in reference.removeprefix("#/").split("/"):
            at = at[step]
        assert at
    assert json.loads(json.dumps(document, ensure_ascii=False)) == document


def test_asyncapi_says_what_kafka_is_told() -> None:
    channel = asyncapi(OWN, KAFKA)["channels"]["canteen_meal"]
    assert channel["address"] == "events.canteen_meal"
    assert channel["bindings"]["kafka"]["topicConfiguration"]["retention.ms"] == 7 * 86_400_000
    assert channel["bindings"]["kafka"]["partitions"] == 2


def _references(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        if isinstance(value.get("$ref"), str):
            yield value["$ref"]
        for item in value.values():
            yield from _references(item)
    elif isinstance(value, list):
        for item in value:
            yield from _references(item)


def test_openapi_is_sound_with_every_contract_and_with_none() -> None:
    validate(openapi_document(OWN, "http://127.0.0.1:28080"))
    validate(openapi_document([], "http://127.0.0.1:28080"))


def test_openapi_has_a_schema_for_each_source_and_tells_them_apart() -> None:
    document = openapi_document(OWN, "http://127.0.0.1:28080")
    body = document["paths"]["/v1/events"]["post"]["requestBody"]["content"]
    event = body["application/cloudevents+json"]["schema"]
    assert set(event["discriminator"]["mapping"]) == {contract.source for contract in OWN}
    assert body["application/cloudevents-batch+json"]["schema"]["items"] == event
    for reference in _references(document):
        assert reference.removeprefix("#/components/schemas/") in document["components"]["schemas"]


def test_odcs_is_read_by_the_standards_own_model(contract: Contract) -> None:
    text = yaml_text(odcs(contract, KAFKA))
    model = OpenDataContractStandard.from_string(text)
    assert (model.kind, model.version, model.name) == ("DataContract", contract.version, contract.source)
    properties = {each.name: each for each in model.schema_[0].properties}
    assert list(properties) == list(contract.fields)
    for name, spec in contract.fields.items():
        assert properties[name].required is not spec.optional
        assert (properties[name].classification == "personal") is (spec.pii is not None)
        if spec.type in NESTED:
            inside = properties[name].properties or properties[name].items.properties
            assert [each.name for each in inside] == list(spec.fields)
    rules = {each.name for each in model.schema_[0].quality or ()}
    assert rules == {*contract.checks, *contract.unique}


def test_odcs_brings_the_whole_contract_back(contract: Contract) -> None:
    written = yaml_text(odcs(contract, KAFKA))
    kept = document_of(yaml.safe_load(written))
    assert kept is not None
    assert parse_contract(yaml_text(kept), "from_odcs.yaml").version == contract.version


def test_odcs_of_another_program_is_not_taken_for_ours(contract: Contract) -> None:
    foreign = deepcopy(odcs(contract, KAFKA))
    del foreign["customProperties"]
    assert document_of(foreign) is None
    assert document_of({"apiVersion": "v3.1.0", "kind": "DataContract"}) is None
