"""The two READMEs say the same."""

from __future__ import annotations

import re

from streams.settings import REPOSITORY
from tests.docs.test_commands import code_of

ENGLISH, CHINESE = REPOSITORY / "README.md", REPOSITORY / "README.zh-CN.md"
PAIR = (ENGLISH, CHINESE)


def test_both_have_the_same_commands_figures_pages_and_promises() -> None:
    for kind in (
        r"^ {4}((?:make|python3|docker) .*?)(?: +#.*)?$",
        r"(\d+(?:\.\d+)? GiB|Debian \d+|Python [\d.]+)",
        r"^(#+|- \*\*)",
        r"!\[.*?\]\((.+?)\)",
    ):
        english, chinese = (sorted(re.findall(kind, page.read_text("utf-8"), re.M)) for page in PAIR)
        assert english
        assert english == chinese
    linked = [set(re.findall(r"\]\(((?!README)[^)]+)\)", page.read_text("utf-8"))) for page in PAIR]
    assert linked[0] == linked[1]
    assert {"make demo", "make test"} <= set(code_of(ENGLISH)) & set(code_of(CHINESE))


def test_each_leads_to_the_other() -> None:
    assert "](README.zh-CN.md)" in ENGLISH.read_text("utf-8")
    assert "](README.md)" in CHINESE.read_text("utf-8")
