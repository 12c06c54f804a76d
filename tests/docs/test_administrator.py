"""The administrator's page knows every setting and its default."""

from __future__ import annotations

import re

import pytest

from infra.local.parts import all_parts
from streams.settings import REPOSITORY, Settings

PAGE = (REPOSITORY / "docs" / "administrator.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("name", Settings.model_fields)
def test_every_setting_is_on_the_page_with_its_default(name: str) -> None:
    row = next((line for line in PAGE.splitlines() if line.startswith(f"| `MINSHENG_{name.upper()}`")), "")
    default = Settings.model_fields[name].default
    shown = "" if default is None else f"`{str(default).replace(f'{REPOSITORY}/', '')}`"
    assert [cell.strip() for cell in row.split("|")[1:3]] == [f"`MINSHENG_{name.upper()}`", shown]


def test_the_sections_that_messages_name_are_there() -> None:
    texts = [file.read_text(encoding="utf-8") for file in (REPOSITORY / "infra").rglob("*.py")]
    named = {section for text in texts for section in re.findall(r"docs/administrator\.md, ([^,]+),", text)}
    assert len(named) >= 2
    assert [section for section in named if f"\n## {section}\n" not in PAGE] == []


@pytest.mark.parametrize("name", [part.name for part in all_parts(Settings())])
def test_every_part_is_on_the_page(name: str) -> None:
    shown = "airflow-*" if name.startswith("airflow-") else name
    assert f"\n| `{shown}` |" in PAGE
