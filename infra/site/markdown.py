"""Pages of docs/ as HTML. Markup within them is shown, not executed; links lead to pages of the site."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Sequence
from pathlib import Path

from markdown_it import MarkdownIt
from markdown_it.token import Token

_PARSER = MarkdownIt("commonmark", {"html": False}).enable("table")
_TITLE = re.compile(r"^# +(.+)$", re.MULTILINE)


def title_of(text: str, otherwise: str) -> str:
    """The first heading."""
    found = _TITLE.search(text)
    return found[1].strip() if found else otherwise


def html_of(text: str, page: str, pages: frozenset[str]) -> str:
    """The page's HTML. `page`: its path below docs/; `pages`: those of the site, whose links are kept."""
    tokens = _PARSER.parse(text)
    _lead(tokens, page, pages)
    return str(_PARSER.renderer.render(tokens, _PARSER.options, {}))


def _lead(tokens: Sequence[Token], page: str, pages: frozenset[str]) -> None:
    """Links to other pages lead to their HTML; those to files that are not of the site lead nowhere."""
    for token in tokens:
        _lead(token.children or (), page, pages)
        if token.type == "link_open":
            target = str(token.attrs.get("href", ""))
            if re.match(r"(?:[a-z][a-z0-9+.-]*:|#)", target):
                continue
            path, mark, fragment = target.partition("#")
            found = posixpath.normpath(posixpath.join(posixpath.dirname(page), path))
            if found in pages:
                token.attrs["href"] = f"{path.removesuffix('.md')}.html{mark}{fragment}"
            else:
                del token.attrs["href"]


def images_of(folder: Path) -> list[Path]:
    """Pictures that pages may show."""
    return sorted(path for path in folder.rglob("*") if path.suffix in {".png", ".svg", ".jpg"})
