"""`minsheng contract export`: a contract in the form of a standard, for catalogues, clients and reviewers."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer

from infra.cli import exits
from infra.cli.contract_files import Deployed, chosen, one
from infra.cli.failures import failures
from infra.cli.output import fail
from streams.contract.exports.asyncapi import Kafka, asyncapi
from streams.contract.exports.avro import avro_schema
from streams.contract.exports.canonical_yaml import canonical_yaml, yaml_text
from streams.contract.exports.odcs import odcs
from streams.contract.json_schema import event_schema
from streams.contract.model import Contract
from streams.gateway.document import openapi_document
from streams.registry import deployed as deployed_now
from streams.settings import Settings


class Format(StrEnum):
    YAML = "yaml"
    ODCS = "odcs"
    JSON_SCHEMA = "json-schema"
    AVRO = "avro"
    ASYNCAPI = "asyncapi"
    OPENAPI = "openapi"


@failures()
def export(
    sources: Annotated[
        list[str] | None,
        typer.Argument(
            help="A source or contract file; asyncapi and openapi take several, or all if none is named."
        ),
    ] = None,
    form: Annotated[Format, typer.Option("--format", help="What to write.")] = Format.YAML,
    deployed: Deployed = False,
    output: Annotated[
        Path | None, typer.Option("-o", "--output", help="File to write to; standard output without it.")
    ] = None,
) -> None:
    """Write a contract as canonical YAML, ODCS 3.1, JSON Schema, Avro; topics as AsyncAPI 3, the gateway as
    OpenAPI 3.1.

    `minsheng contract export SOURCE | minsheng contract check -` reads what it wrote: the same version.
    """
    settings = Settings()
    if form in (Format.ASYNCAPI, Format.OPENAPI):
        text = _TOGETHER[form](settings, _several(settings, sources, as_deployed=deployed))
    elif not sources or len(sources) > 1:
        fail(f"Name one source: --format {form} is of one contract.", exits.USAGE)
    else:
        text = _ALONE[form](settings, one(settings, sources[0], as_deployed=deployed))
    if output is None:
        typer.echo(text, nl=False)
        return
    try:
        output.write_text(text, encoding="utf-8")
    except OSError as error:
        fail(f"{output} cannot be written: {error.strerror}. Choose another file.", exits.FAILURE)


def _several(settings: Settings, sources: list[str] | None, *, as_deployed: bool) -> list[Contract]:
    if not as_deployed:
        return chosen(settings, sources)
    if not sources:
        return list(deployed_now(settings).contracts.values())
    return [one(settings, source, as_deployed=True) for source in sources]


def kafka(settings: Settings) -> Kafka:
    """Where this installation's topics are."""
    return Kafka(
        settings.kafka_bootstrap, settings.topic_prefix, settings.topic_partitions, settings.topic_replication
    )


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, indent=2) + "\n"


_ALONE: Mapping[Format, Callable[[Settings, Contract], str]] = {
    Format.YAML: lambda _, contract: canonical_yaml(contract),
    Format.ODCS: lambda settings, contract: yaml_text(odcs(contract, kafka(settings))),
    Format.JSON_SCHEMA: lambda _, contract: _json(event_schema(contract)),
    Format.AVRO: lambda _, contract: _json(avro_schema(contract)),
}
_TOGETHER: Mapping[Format, Callable[[Settings, list[Contract]], str]] = {
    Format.ASYNCAPI: lambda settings, contracts: _json(asyncapi(contracts, kafka(settings))),
    Format.OPENAPI: lambda settings, contracts: _json(openapi_document(contracts, settings.gateway_url)),
}
