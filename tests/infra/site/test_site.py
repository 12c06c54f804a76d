"""The documentation as a site: whole, inert, and the same in a real browser."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest

from infra.site.build import ForeignFolder, Site, build
from infra.site.lineage import lineage, shortened, svg, used_fields
from infra.site.markdown import html_of
from infra.superset.bundle import pages as superset_pages
from streams.settings import REPOSITORY
from tests.infra.superset import contracts as known
from tests.streams.contract.exports.conftest import CONTRACTS, KAFKA
from tests.superset_visitors import open_browser

EVERY = {**known.every(), "kiosk_sale": CONTRACTS["nested"]}
DOCS = REPOSITORY / "docs"


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("site") / "docs"
    build(Site(EVERY, DOCS, KAFKA, "http://127.0.0.1:28080"), folder)
    return folder


class Seen(HTMLParser):
    """Links, pictures and texts of a page; and what must not be there."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.links: list[str] = []
        self.tags: list[str] = []
        self.text = ""
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.links += [value or "" for name, value in attrs if name in {"href", "src"}]
        assert not [name for name, _ in attrs if name.startswith("on")]

    def handle_data(self, data: str) -> None:
        self.text += data


def test_every_source_has_a_page_that_says_everything(site: Path) -> None:
    for contract in EVERY.values():
        text = Seen((site / "sources" / f"{contract.source}.html").read_text(encoding="utf-8")).text
        said = [contract.title, contract.about, contract.owner, contract.version]
        said += [spec.title for spec in contract.fields.values()]
        said += [inner.title for spec in contract.fields.values() for inner in spec.fields.values()]
        said += [rule.title for rule in (*contract.checks.values(), *contract.unique.values())]
        said += [rule.title for rule in contract.day_rules.values()]
        said += [m.title for metric in contract.metrics.values() for m in metric.measures.values()]
        said += [bad.because for bad in contract.examples.bad]
        assert [each for each in said if each not in text] == []


def test_no_page_holds_a_script_or_asks_another_host(site: Path) -> None:
    """Titles of a contract, and what stands in docs/, may hold markup: it is shown."""
    for page in site.rglob("*.html"):
        seen = Seen(page.read_text(encoding="utf-8"))
        assert {"script", "iframe", "link", "object", "b50"}.isdisjoint(seen.tags)
        assert "default-src 'none'" in page.read_text(encoding="utf-8")
        loaded = re.findall(r'(?:src|srcset|data)="([^"]+)"', page.read_text(encoding="utf-8"))
        assert [each for each in loaded if urlsplit(each).netloc] == []


def test_a_hostile_title_is_text(site: Path) -> None:
    text = (site / "sources" / "hostile_meal.html").read_text(encoding="utf-8")
    assert "<b>50%</b>" not in text
    assert "&lt;b&gt;50%&lt;/b&gt;" in text
    assert "{{ 7*7 }}" in Seen(text).text


def test_every_link_within_the_site_leads_to_a_file(site: Path) -> None:
    dead = [
        f"{page.relative_to(site)}: {link}"
        for page in site.rglob("*.html")
        for link in Seen(page.read_text(encoding="utf-8")).links
        if not urlsplit(link).scheme and not link.startswith("#")
        if not (page.parent / unquote(urlsplit(link).path)).exists()
    ]
    assert dead == []


def test_every_page_of_docs_is_there(site: Path) -> None:
    for path in DOCS.rglob("*.md"):
        assert (site / "docs" / path.relative_to(DOCS)).with_suffix(".html").exists()


def test_markdown_runs_nothing_and_follows_only_pages_of_the_site() -> None:
    text = (
        "<script>x</script> [a](b.md#c) [gone](../streams/x.py) [js](javascript:alert(1)) ![p](images/o.png)"
    )
    html = html_of(text, "a.md", frozenset({"a.md", "b.md"}))
    assert "<script" not in html
    assert 'href="b.html#c"' in html
    assert "x.py" not in html
    assert 'href="javascript' not in html
    assert 'src="images/o.png"' in html


def test_the_picture_joins_each_used_field_with_its_metrics_and_their_charts() -> None:
    for contract in EVERY.values():
        page = next(
            each
            for each in superset_pages({contract.source: contract}, "events.")
            if each.slug == f"live-{contract.source}"
        )
        drawn = lineage(contract, page)
        keys = {node.key for node in drawn.nodes}
        assert {key for edge in drawn.edges for key in edge} == keys
        for name, metric in contract.metrics.items():
            fields = {begin for begin, end in drawn.edges if end == f"metric:{name}"}
            assert fields == {f"field:{field}" for field in used_fields(metric)}
            assert [end for begin, end in drawn.edges if begin == f"metric:{name}"]
        assert "<script" not in svg(drawn, "<script>")


def test_a_text_is_shortened_by_the_width_of_its_letters() -> None:
    assert shortened("用餐人次", 4) == "用餐人次"
    assert shortened("用餐人次数", 4) == "用餐人…"
    assert shortened("division", 5) == "division"


def test_a_folder_of_somebody_else_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").write_text("mine", encoding="utf-8")
    with pytest.raises(ForeignFolder):
        build(Site(EVERY, DOCS, KAFKA, "http://x"), tmp_path)
    assert (tmp_path / "thesis.txt").read_text(encoding="utf-8") == "mine"


def test_a_site_is_written_anew(tmp_path: Path) -> None:
    (tmp_path / "docs").mkdir()
    folder = tmp_path / "site"
    for source in ("hostile_meal", "kiosk_sale"):
        contract = EVERY[source]
        build(Site({contract.source: contract}, tmp_path / "docs", KAFKA, "http://x"), folder)
    assert [page.name for page in (folder / "sources").glob("*.html")] == ["kiosk_sale.html"]


@pytest.mark.servers
def test_a_browser_shows_the_page_without_a_complaint(site: Path) -> None:
    """From the disk, as somebody opens it who has no web server; a screenshot is kept."""
    complaints: list[str] = []
    with open_browser() as context:
        page = context.new_page()
        page.on("console", lambda message: complaints.append(message.text))
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("requestfailed", lambda request: complaints.append(request.url))
        for name in ("index", "sources/canteen_meal", "docs/data-engineer", "docs/operator"):
            page.goto((site / f"{name}.html").as_uri())
        page.goto((site / "sources" / "canteen_meal.html").as_uri())
        assert page.locator("svg.lineage rect").count() > 6
        assert page.locator("nav").bounding_box()["width"] < 400  # type: ignore[index] # styles are in force
        build_folder = REPOSITORY / "build"
        build_folder.mkdir(exist_ok=True)
        page.screenshot(path=build_folder / "docs-source.png", full_page=True)
    assert complaints == []
