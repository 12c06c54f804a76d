"""AsyncAPI 3.0 document of the topics: for departments that write to Kafka or read from it themselves."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from streams.contract.json_schema import DIALECT, event_schema
from streams.contract.model import NESTED, Contract, FieldSpec
from streams.tokens import TOKEN_PATTERN
from streams.topic_name import topic_name

Document = dict[str, Any]

JSON_SCHEMA = f"application/schema+json;version={DIALECT.split('/')[4]}"
CLOUD_EVENT = "application/cloudevents+json"


@dataclass(frozen=True)
class Kafka:
    """Where the topics are. partitions: of a topic, at most."""

    bootstrap: str
    topic_prefix: str
    partitions: int
    replication: int


def asyncapi(contracts: Iterable[Contract], kafka: Kafka) -> Document:
    """One channel a source. The platform receives what departments send."""
    wanted = sorted(contracts, key=lambda contract: contract.source)
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": "民生事件主题",
            "version": "1.0.0",
            "description": "每个来源一个 Kafka 主题，一条记录一个 CloudEvents 1.0 事件（结构化 JSON）。"
            "个人信息以令牌出现；同一 source 与 id 的事件只计一次。",
        },
        "defaultContentType": CLOUD_EVENT,
        "servers": {
            f"kafka{number}": {"host": host, "protocol": "kafka"}
            for number, host in enumerate(kafka.bootstrap.split(","), start=1)
        },
        "channels": {contract.source: _channel(contract, kafka) for contract in wanted},
        "operations": {contract.source: _operation(contract) for contract in wanted},
        "components": {"messages": {contract.source: _message(contract) for contract in wanted}},
    }


def _channel(contract: Contract, kafka: Kafka) -> Document:
    topic = topic_name(kafka.topic_prefix, contract.source)
    return {
        "address": topic,
        "title": contract.title,
        "description": contract.about,
        "messages": {"event": {"$ref": f"#/components/messages/{contract.source}"}},
        "bindings": {
            "kafka": {
                "topic": topic,
                "partitions": min(contract.topic.partitions, kafka.partitions),
                "replicas": kafka.replication,
                "topicConfiguration": {
                    "cleanup.policy": ["delete"],
                    "retention.ms": contract.topic.retention // timedelta(milliseconds=1),
                },
                "bindingVersion": "0.5.0",
            }
        },
    }


def _operation(contract: Contract) -> Document:
    return {
        "action": "receive",
        "title": contract.title,
        "channel": {"$ref": f"#/channels/{contract.source}"},
        "messages": [{"$ref": f"#/channels/{contract.source}/messages/event"}],
    }


def _message(contract: Contract) -> Document:
    key = contract.topic.key
    return {
        "name": contract.source,
        "title": contract.title,
        "summary": contract.about,
        "contentType": CLOUD_EVENT,
        "payload": {"schemaFormat": JSON_SCHEMA, "schema": kafka_schema(contract)},
        "bindings": {
            "kafka": {
                "key": {"type": "string", "description": f"{contract.columns[key].title}（data.{key}）"},
                "bindingVersion": "0.5.0",
            }
        },
    }


def kafka_schema(contract: Contract) -> Document:
    """JSON Schema of an event as it stands in Kafka: personal values are tokens."""
    schema = event_schema(contract)
    _tokenised(schema["properties"]["data"], contract.fields)
    return schema


def _tokenised(schema: Document, fields: Mapping[str, FieldSpec]) -> None:
    """Changes `schema`, which is ours alone, in place."""
    for name, spec in fields.items():
        written = schema["properties"][name]
        if spec.type in NESTED:
            _tokenised(written if spec.type == "object" else written["items"], spec.fields)
        elif spec.pii:
            kept = {key: written[key] for key in ("title", "type", "description") if key in written}
            schema["properties"][name] = {**kept, "pattern": f"^(?:{TOKEN_PATTERN})$"}
