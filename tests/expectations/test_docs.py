"""Data Docs load nothing from elsewhere, run nothing, and do not grow for ever."""

from __future__ import annotations

import re
from pathlib import Path

import great_expectations.expectations as gxe
import pandas as pd
import pytest

from expectations import docs
from expectations.questioner import DATA_DOCS, RESULTS, Questioner
from expectations.rule import rule

HOSTILE = "<script>alert(1)</script>"


def build(home: Path, run: str, value: str = "no") -> Path:
    questioner = Questioner(home, run)
    asked = [rule("known", "取值已知", gxe.ExpectColumnValuesToBeInSet, column="x", value_set=["yes"])]
    questioner.ask_pandas("source.events", pd.DataFrame({"x": [value]}), asked)
    return docs.build(questioner, home)


def test_no_page_names_another_host_to_load_from(tmp_path: Path) -> None:
    build(tmp_path, "2022-06-14", HOSTILE)
    pages = [path.read_text(encoding="utf-8") for path in (tmp_path / DATA_DOCS).rglob("*.html")]
    assert len(pages) == 2
    for page in pages:
        assert "default-src 'none'" in page.split("<title>", maxsplit=1)[0]
        assert re.findall(r"<(?:script|link|img)[^>]*(?:src|href)=[\"']https?://[^>]*>", page) == []
        assert HOSTILE not in page


def test_the_index_links_every_result_with_its_verdict(tmp_path: Path) -> None:
    build(tmp_path, "2022-06-14")
    index = build(tmp_path, "2022-06-15", "yes")
    text = index.read_text(encoding="utf-8")
    links = re.findall(r'href="(validations/[^"]+)"', text)
    assert len(links) == 2
    assert all((index.parent / link).exists() for link in links)
    assert (text.count(">通过<"), text.count(">未通过</td></tr>")) == (1, 1)


def test_only_the_newest_results_of_a_suite_are_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(docs, "KEPT", 2)
    for day in (13, 14, 15):
        build(tmp_path, f"2022-06-{day}")
    assert len(list((tmp_path / RESULTS).rglob("*.json"))) == 2
    pages = list((tmp_path / DATA_DOCS / "validations").rglob("*.html"))
    assert sorted(path.parts[-3] for path in pages) == ["2022-06-14", "2022-06-15"]


def test_results_are_read_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first = build(tmp_path, "2022-06-14").read_text(encoding="utf-8")
    read = []
    real = docs._read
    monkeypatch.setattr(docs, "_read", lambda path, folder: read.append(path) or real(path, folder))
    second = build(tmp_path, "2022-06-15").read_text(encoding="utf-8")
    assert ["2022-06-15" in str(path) for path in read] == [True]
    row = first.split("</th></tr>")[1].split("</table>")[0].strip()
    assert row in second

    (tmp_path / RESULTS / docs.REMEMBERED).write_text("half of i", encoding="utf-8")
    third = build(tmp_path, "2022-06-16").read_text(encoding="utf-8")
    assert third.count("<tr><td>") == 3
