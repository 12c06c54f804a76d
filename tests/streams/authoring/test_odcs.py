"""Contracts of the Open Data Contract Standard as a starting point."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from streams.authoring.errors import NoContract
from streams.authoring.odcs import from_odcs, read_odcs
from streams.authoring.review import example_problems
from streams.contract.exports.asyncapi import Kafka
from streams.contract.exports.odcs import odcs
from streams.contract.loader import load_contract
from tests.contracts.conftest import FILES

KAFKA = Kafka("kafka:9092", "events.", 2, 1)
SHIPMENTS = """
apiVersion: v3.1.0
kind: DataContract
id: 1b0f
name: shipments
version: 2.3.0
status: active
domain: 交通
description: {purpose: 每个包裹的每一步, limitations: 仅限市内}
servers: [{server: prod, type: postgres, host: db, port: 5432}]
price: {priceAmount: 9.95, priceCurrency: EUR}
schema:
  - name: parcel_step
    logicalType: object
    businessName: 包裹流转
    description: 包裹经过一个网点
    quality:
      - {type: sql, name: never_back, query: select count(*) from steps, mustBe: 0}
    properties:
      - name: depotCode
        businessName: 网点编号
        logicalType: string
        required: true
        logicalTypeOptions: {pattern: '^WD[0-9]{3}$'}
      - name: step
        businessName: 步骤
        logicalType: string
        required: true
        quality: [{type: library, metric: invalidValues, arguments: {validValues: [in, out]}, mustBe: 0}]
      - name: lane
        businessName: 线路
        logicalType: string
        enum: [{value: a, label: 甲线}, {value: b, label: 乙线}]
      - name: weight
        businessName: 重量克
        logicalType: integer
        required: true
        logicalTypeOptions: {minimum: 0, maximum: 30000}
      - name: fee
        businessName: 费率
        logicalType: number
        logicalTypeOptions: {minimum: 0, exclusiveMaximum: 9}
      - {name: fragile, businessName: 易碎, logicalType: boolean, required: true}
      - {name: due, businessName: 期限, logicalType: date}
      - {name: scanned_at, businessName: 扫描时间, logicalType: timestamp}
      - {name: receiver_phone, businessName: 收件人手机, logicalType: string, classification: restricted}
      - {name: receiver_name, businessName: 收件人姓名, logicalType: string, classification: restricted}
      - {name: window, businessName: 时段, logicalType: time}
      - {name: labels, businessName: 标签, logicalType: array, items: {logicalType: string}}
      - name: size
        businessName: 尺寸
        logicalType: object
        properties:
          - {name: length, businessName: 长, logicalType: integer}
          - {name: height, businessName: 高, logicalType: integer}
      - name: items
        businessName: 内件
        logicalType: array
        items:
          logicalType: object
          properties: [{name: goods, businessName: 品名, logicalType: string, required: true}]
  - {name: depots, logicalType: object, properties: [{name: id, logicalType: string}]}
"""


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("odcs") / "shipments.odcs.yaml"
    path.write_text(SHIPMENTS, encoding="utf-8")
    return path


def test_what_the_standard_says_is_carried_over(file: Path) -> None:
    contract = from_odcs(read_odcs(file), file.name, "parcel_step", {}).contract
    kinds = {name: spec.type for name, spec in contract.fields.items()}
    assert kinds == {
        "depot_code": "text", "step": "enum", "lane": "enum", "weight": "count", "fee": "decimal",
        "fragile": "bool", "due": "date", "scanned_at": "timestamp", "receiver_phone": "mobile",
        "size": "object", "items": "list",
    }  # fmt: skip
    assert (contract.title, contract.owner, contract.about) == ("包裹流转", "交通", "包裹经过一个网点")
    assert contract.fields["depot_code"].pattern == "WD[0-9]{3}"
    assert contract.fields["lane"].values == {"a": "甲线", "b": "乙线"}
    assert contract.fields["weight"].range == (0, 30_000)
    assert contract.fields["receiver_phone"].pii == "tokenise"
    assert contract.topic.key == "depot_code"


def test_what_could_not_be_carried_over_is_said(file: Path) -> None:
    carried = from_odcs(read_odcs(file), file.name, "parcel_step", {})
    lost = {each.where for each in carried.lost}
    assert lost >= {
        "servers", "price", "schema.depots", "parcel_step.quality", "parcel_step.receiver_name",
        "parcel_step.window",
        "parcel_step.labels", "parcel_step.fee", "parcel_step.size.length",
    }  # fmt: skip
    assert all(f"- {each.where}: {each.why}" in carried.text for each in carried.lost)


def test_what_is_made_of_it_passes_the_check(file: Path) -> None:
    contract = from_odcs(read_odcs(file), file.name, "parcel_step", {}).contract
    assert example_problems(contract, "parcel_step.yaml") == []
    assert len(contract.examples.bad) >= 5


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_an_exported_contract_comes_back_whole(path: Path) -> None:
    contract = load_contract(path)
    exported = yaml.safe_load(yaml.safe_dump(odcs(contract, KAFKA), allow_unicode=True, sort_keys=False))
    carried = from_odcs(exported, "a.odcs.yaml", contract.source, {})
    assert carried.contract.version == contract.version
    assert carried.lost == ()


REFUSED = {
    "another kind": (
        "kind: Other\napiVersion: v3.0.0\n",
        "not a contract of the Open Data Contract Standard 3",
    ),
    "version 2": (
        "kind: DataContract\napiVersion: v2.2.2\n",
        "not a contract of the Open Data Contract Standard 3",
    ),
    "no table": ("kind: DataContract\napiVersion: v3.0.2\n", "no schema object"),
    "a list": ("[1, 2]", "not a mapping"),
    "no YAML": ("a: [", "cannot be read as YAML"),
    "aliases": ("a: &x [1]\nb: *x\n", "has YAML aliases"),
    "no place": (
        "kind: DataContract\napiVersion: v3.0.2\n"
        "schema: [{name: a, properties: [{name: n, logicalType: integer}]}]\n",
        "could be the place",
    ),
}


@pytest.mark.parametrize("kind", REFUSED)
def test_what_is_no_contract_of_the_standard_is_refused(kind: str, tmp_path: Path) -> None:
    text, message = REFUSED[kind]
    path = tmp_path / "a.odcs.yaml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(NoContract, match=message):
        from_odcs(read_odcs(path), path.name, "a_source", {})
