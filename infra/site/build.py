"""Build the site: `build(contracts, docs, folder, kafka, gateway)` writes plain files below `folder`."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from infra.site import markdown, source
from infra.site.lineage import lineage, svg
from infra.superset.bundle import pages as superset_pages
from infra.superset.pages.source import slug
from streams.contract.exports.asyncapi import Kafka, asyncapi
from streams.contract.exports.avro import avro_schema
from streams.contract.exports.canonical_yaml import canonical_yaml, yaml_text
from streams.contract.exports.odcs import odcs
from streams.contract.json_schema import event_schema
from streams.contract.model import Contract
from streams.contract.tables import metric_tables
from streams.gateway.document import openapi_document
from streams.topic_name import topic_name

HERE = Path(__file__).parent
MARKER = ".minsheng-docs"
"""Stands in a folder that this program has written: only such a folder is ever emptied."""


class ForeignFolder(Exception):
    """The folder holds something that this program did not write."""


@dataclass(frozen=True)
class Site:
    """What a site is made of. docs: the folder of Markdown pages. gateway: its address, for OpenAPI."""

    contracts: Mapping[str, Contract]
    docs: Path
    kafka: Kafka
    gateway: str


def build(site: Site, folder: Path) -> list[Path]:
    """Write the site anew; the paths of its pages. Raises ForeignFolder, OSError."""
    _empty(folder)
    environment = Environment(
        loader=FileSystemLoader(HERE / "templates"), autoescape=True, undefined=StrictUndefined
    )
    environment.globals |= {
        "style": Markup((HERE / "style.css").read_text(encoding="utf-8")),  # noqa: S704 (a file of ours)
        "contracts": list(site.contracts.values()),
        "pretty": source.pretty,
        "span": source.span,
    }
    texts = {
        str(path.relative_to(site.docs)): path.read_text(encoding="utf-8")
        for path in sorted(site.docs.rglob("*.md"))
    }
    titles = {page: markdown.title_of(text, page) for page, text in texts.items()}
    environment.globals["guides"] = [(page, titles[page]) for page in titles if "/" not in page]
    environment.globals["decisions"] = [(page, titles[page]) for page in titles if "/" in page]
    written = [_write(folder / "index.html", environment, "index.html", root="")]
    for contract in site.contracts.values():
        written.append(_source_page(site, contract, folder, environment))
    for page, text in texts.items():
        written.append(_doc_page(page, text, titles, folder, environment))
    for image in markdown.images_of(site.docs):
        target = folder / "docs" / image.relative_to(site.docs)
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(image, target)
    _downloads(site, folder)
    return written


def _empty(folder: Path) -> None:
    if folder.exists() and any(folder.iterdir()):
        if not (folder / MARKER).exists():
            raise ForeignFolder(
                f"{folder} holds files that are not of a site built here. Name another folder."
            )
        shutil.rmtree(folder)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / MARKER).touch()


def _source_page(site: Site, contract: Contract, folder: Path, environment: Environment) -> Path:
    dashboards = superset_pages({contract.source: contract}, site.kafka.topic_prefix)
    page = next(each for each in dashboards if each.slug == slug(contract.source))
    picture = svg(lineage(contract, page), f"{contract.title}：从字段到指标到图表")
    return _write(
        folder / "sources" / f"{contract.source}.html",
        environment,
        "source.html",
        root="../",
        contract=contract,
        topic=topic_name(site.kafka.topic_prefix, contract.source),
        fields=list(source.field_rows(contract.fields)),
        bad=source.bad_rows(contract),
        hours=source.hours(contract),
        opening=source.opening(contract),
        tables=metric_tables(contract),
        picture=Markup(picture),  # noqa: S704 (svg escapes every text)
    )


def _doc_page(
    page: str, text: str, titles: Mapping[str, str], folder: Path, environment: Environment
) -> Path:
    body = markdown.html_of(text, page, frozenset(titles))
    depth = page.count("/") + 1
    return _write(
        folder / "docs" / f"{page.removesuffix('.md')}.html",
        environment,
        "page.html",
        root="../" * depth,
        title=titles[page],
        body=Markup(body),  # noqa: S704 (markdown-it escapes what is not Markdown)
    )


def _downloads(site: Site, folder: Path) -> None:
    """The exports, beside the pages that name them."""
    for name, contract in site.contracts.items():
        files: dict[str, str] = {
            f"{name}.yaml": canonical_yaml(contract),
            f"{name}.odcs.yaml": yaml_text(odcs(contract, site.kafka)),
            f"{name}.schema.json": _json(event_schema(contract)),
            f"{name}.avsc": _json(avro_schema(contract)),
        }
        for file, text in files.items():
            (folder / "sources" / file).write_text(text, encoding="utf-8")
    every = site.contracts.values()
    (folder / "asyncapi.json").write_text(_json(asyncapi(every, site.kafka)), encoding="utf-8")
    (folder / "openapi.json").write_text(_json(openapi_document(every, site.gateway)), encoding="utf-8")


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, indent=2) + os.linesep


def _write(path: Path, environment: Environment, template: str, **values: Any) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(environment.get_template(template).render(**values), encoding="utf-8")
    return path
