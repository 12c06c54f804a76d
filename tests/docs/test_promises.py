"""Each promise names tests that are there; each alarm has its section; what they say to type exists."""

from __future__ import annotations

import ast
import re
import shlex
from pathlib import Path

import pytest
import typer

from expectations.alerts import CODES
from infra.cli.main import app
from streams.settings import REPOSITORY, Settings
from tests.docs.test_commands import code_of, is_command

PROMISES, RUNBOOK = REPOSITORY / "docs" / "promises.md", REPOSITORY / "docs" / "runbook.md"
PAGES = (PROMISES, RUNBOOK)
RAISES = re.compile(r"insert\s+into\s+ops\.alert\b", re.IGNORECASE)


def text_of(page: Path) -> str:
    return page.read_text(encoding="utf-8")


def named_tests(text: str) -> list[tuple[str, str]]:
    """Every (file, function) that stands as `tests/...::test_...`."""
    return re.findall(r"`(tests/[\w/]+\.py)::(\w+)`", text)


def exists(file: str, name: str) -> bool:
    path = REPOSITORY / file
    if not path.is_file():
        return False
    functions = (
        node.name
        for node in ast.parse(text_of(path)).body
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef))
    )
    return name.startswith("test_") and name in functions


def lines_of(page: Path) -> list[str]:
    """The command lines of a page that begin with `minsheng` and say more than its name."""
    return [line for line in code_of(page) if re.match(r"minsheng [a-z]", line)]


def unknown_options(line: str) -> list[str]:
    """Options of a command line that its command does not have."""
    at = typer.main.get_command(app)
    words = shlex.split(line)[1:]
    while (commands := getattr(at, "commands", None)) is not None and words and words[0] in commands:
        at = commands[words.pop(0)]
    known = {option for parameter in at.params for option in parameter.opts}
    return [word for word in words if re.match(r"--?[a-z]", word) and word not in known]


def test_every_test_that_a_promise_names_is_there() -> None:
    named = named_tests(text_of(PROMISES))
    assert len(named) >= 50
    assert [f"{file}::{name}" for file, name in named if not exists(file, name)] == []
    assert text_of(PROMISES).count("tests/") == len(named), "a test is named in another way"


def test_every_promise_of_the_list_has_its_section_and_its_tests() -> None:
    text = text_of(PROMISES)
    listed = re.findall(r"^\| \[(.+?)\]\(#(.+?)\) \|", text, re.MULTILINE)
    assert [title for title, anchor in listed if title != anchor] == []
    sections = dict(re.findall(r"^## (.+?)\n(.*?)(?=^## |\Z)", text, re.MULTILINE | re.DOTALL))
    assert [title for title, _ in listed] == list(sections)[:-1]
    assert [title for title, _ in listed if not named_tests(sections[title])] == []


def test_how_long_things_are_kept_is_what_the_settings_say() -> None:
    told = {name: int(days) for name, days in re.findall(r"`MINSHENG_(\w+_DAYS)`（(\d+)", text_of(PROMISES))}
    settings = {
        name: field.default for name, field in Settings.model_fields.items() if name.endswith("_days")
    }
    assert told == {name.upper(): default for name, default in settings.items()}


@pytest.mark.parametrize("code", CODES)
def test_every_alarm_has_its_section(code: str) -> None:
    section = re.search(rf"^### `{code}`：.+?\n(.*?)(?=^##)", text_of(RUNBOOK), re.MULTILINE | re.DOTALL)
    assert section, code
    said = section.group(1)
    assert [word for word in ("意思", "看什么", "怎么办", "找谁") if f"**{word}**" not in said] == []
    assert "minsheng " in said


def test_no_other_alarm_can_be_raised_and_none_is_told_of() -> None:
    assert set(re.findall(r"^### `(\w+)`：", text_of(RUNBOOK), re.MULTILINE)) == set(CODES)
    folders = ("dags", "expectations", "infra", "spark_jobs", "streams")
    files = [file for folder in folders for file in (REPOSITORY / folder).rglob("*.py")]
    raising = [str(file.relative_to(REPOSITORY)) for file in files if RAISES.search(text_of(file))]
    assert raising == ["expectations/alerts.py"]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_command_line_is_one_with_its_options(page: Path) -> None:
    lines = lines_of(page)
    assert lines
    assert [line for line in lines if not is_command([w for w in line.split()[1:] if w[0] != "-"])] == []
    assert [(line, unknown) for line in lines if (unknown := unknown_options(line))] == []


def test_an_option_that_is_none_is_seen() -> None:
    assert unknown_options("minsheng rollup run --day 2022-06-14 --force") == ["--force"]
    assert unknown_options("minsheng logs stream -n 200") == []
    assert not exists("tests/docs/test_promises.py", "test_that_is_not_there")
