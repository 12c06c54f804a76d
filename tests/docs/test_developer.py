"""The developer's page names files that are there."""

from __future__ import annotations

import re

from streams.settings import REPOSITORY

PAGE = (REPOSITORY / "docs" / "developer.md").read_text(encoding="utf-8")


def test_every_file_of_the_map_is_there() -> None:
    rows = re.findall(r"^\| `(\w+/)` \|.*\| (.*) \|$", PAGE, re.MULTILINE)
    assert len(rows) >= 6
    named = [REPOSITORY / folder / file for folder, files in rows for file in re.findall("`(.+?)`", files)]
    assert [path for path in named if not path.exists()] == []


def test_every_path_in_the_text_is_there() -> None:
    named = set(re.findall(r"`((?:streams|spark_jobs|expectations|dags|infra|tests|docs)/[\w./]*)`", PAGE))
    assert len(named) >= 8
    assert [path for path in named if not (REPOSITORY / path).exists()] == []
