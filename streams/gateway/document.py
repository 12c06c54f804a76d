"""The gateway's OpenAPI 3.1 document with the events of given contracts, for clients that are generated."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from fastapi import FastAPI
from starlette.responses import Response

from streams.contract.json_schema import event_schema
from streams.contract.model import Contract
from streams.gateway import openapi
from streams.gateway.modes import BATCHED, STRUCTURED

Document = dict[str, Any]


def bare() -> FastAPI:
    """The gateway's routes as they are described, with nothing behind them."""
    app = FastAPI(**openapi.ABOUT, docs_url=None, redoc_url=None)

    async def nothing() -> Response:
        return Response(status_code=503)

    async def health() -> dict[str, str]:
        return {}

    # Names, order and types are those of app.py: a test compares the documents.
    app.post("/v1/events", name="events", **openapi.EVENTS)(nothing)
    app.get("/health", name="health", **openapi.HEALTH)(health)
    app.get("/ready", name="ready", **openapi.READY)(nothing)
    return app


def openapi_document(contracts: Iterable[Contract], server: str) -> Document:
    """What the gateway serves as /openapi.json, and a schema for the events of each contract.

    `server`: the address under which clients reach the gateway.
    """
    document: Document = bare().openapi()
    wanted = sorted(contracts, key=lambda contract: contract.source)
    document["servers"] = [{"url": server}]
    components = document.setdefault("components", {})
    components["securitySchemes"] = openapi.SECURITY_SCHEMES
    schemas = components.setdefault("schemas", {})
    for contract in wanted:
        schema = event_schema(contract)
        del schema["$schema"]  # the dialect of OpenAPI 3.1 itself
        schemas[contract.source] = schema
    if wanted:
        _refer(document["paths"]["/v1/events"]["post"]["requestBody"]["content"], wanted)
    return document


def _refer(content: Document, contracts: list[Contract]) -> None:
    references = {contract.source: f"#/components/schemas/{contract.source}" for contract in contracts}
    event = {
        "oneOf": [{"$ref": reference} for reference in references.values()],
        "discriminator": {"propertyName": "type", "mapping": references},
    }
    content[STRUCTURED] = {"schema": event}
    content[BATCHED] = {"schema": {"type": "array", "minItems": 1, "items": event}}
