"""Every command and target that the pages name is there."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
import typer

from infra.cli.main import app
from streams.settings import REPOSITORY

PAGES = (REPOSITORY / "README.md", REPOSITORY / "README.zh-CN.md", *(REPOSITORY / "docs").glob("*.md"))
CODE = re.compile(
    r"^```\w*\n(?P<fenced>.*?)^```|^    (?P<indented>[^\n]*)$|`(?P<inline>[^`\n]+)`", re.M | re.S
)
TARGETS = set(re.findall(r"^([a-z-]+):", (REPOSITORY / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))


def code_of(page: Path) -> Iterator[str]:
    """The lines of code on a page, without comments."""
    for found in CODE.finditer(page.read_text(encoding="utf-8")):
        code = next(part for part in found.groups() if part is not None)
        yield from (line.split("#")[0].strip() for line in code.splitlines())


def is_command(words: list[str]) -> bool:
    """Whether these words after `minsheng` begin with a command, or name a group of commands."""
    at = typer.main.get_command(app)
    for word in words:
        commands = getattr(at, "commands", None)
        if commands is None:  # the rest are its arguments
            return True
        if word not in commands:
            return False
        at = commands[word]
    return True


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_command_on_a_page_is_one(page: Path) -> None:
    called = r"(?<!\w )\bminsheng((?: [a-z-]+)+)"  # as the first word: in SQL a role is called so, too
    named = [match for line in code_of(page) for match in re.findall(called, line)]
    assert [words for words in named if not is_command([w for w in words.split() if w[0] != "-"])] == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_make_on_a_page_is_a_target(page: Path) -> None:
    named = [match for line in code_of(page) for match in re.findall(r"^make ([a-z-]+)", line)]
    assert [name for name in named if name not in TARGETS] == []


def test_the_pages_name_commands_and_targets_at_all() -> None:
    lines = [line for page in PAGES for line in code_of(page)]
    assert {"make demo", "make test", "minsheng ledger"} <= set(lines)
    assert is_command(["gateway", "key", "list"])
    assert is_command(["logs", "kafka"])
    assert not is_command(["contract", "lst"])
