"""The OpenAPI document that is exported is the one that the gateway serves."""

from __future__ import annotations

from pathlib import Path

from streams.contract.loader import load_contracts
from streams.gateway.app import create_app
from streams.gateway.document import openapi_document
from streams.settings import Settings

ADDRESS = "http://gateway.example"


def test_without_contracts_it_is_what_the_gateway_serves(tmp_path: Path) -> None:
    settings = Settings(home=tmp_path)
    settings.secrets_dir.mkdir()
    for secret in ("tokens", "postgres"):
        (settings.secrets_dir / secret).write_text("0" * 64, encoding="ascii")
    served = create_app(settings).openapi()
    exported = openapi_document([], ADDRESS)
    assert exported.pop("servers") == [{"url": ADDRESS}]
    assert exported["components"].pop("schemas") == {}
    assert exported == served


def test_with_contracts_only_the_bodies_of_events_differ() -> None:
    contracts = load_contracts(Settings().contracts_dir)
    without, with_them = openapi_document([], ADDRESS), openapi_document(contracts.values(), ADDRESS)
    assert set(with_them["components"].pop("schemas")) == set(contracts)
    without["components"].pop("schemas")
    for document in (without, with_them):
        body = document["paths"]["/v1/events"]["post"]["requestBody"]["content"]
        for media_type in ("application/cloudevents+json", "application/cloudevents-batch+json"):
            del body[media_type]
    assert with_them == without
