"""What holds for the repository as a whole."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

from streams.contract.loader import load_contracts
from streams.settings import REPOSITORY, Settings


def tracked(*patterns: str) -> list[Path]:
    """Files that git tracks (or would: new files count) and that match one of the patterns."""
    listing = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "--", *patterns],
        cwd=REPOSITORY,
        check=True,
        capture_output=True,
        text=True,
    ).stdout.splitlines()
    return [path for name in listing if (path := REPOSITORY / name).is_file()]


def test_no_source_is_named_in_python_outside_tests() -> None:
    sources = load_contracts(Settings().contracts_dir)
    word = re.compile(r"\b(" + "|".join(sources) + r")\b")
    named = [
        f"{path.relative_to(REPOSITORY)}:{number}: {line.strip()}"
        for path in tracked("*.py")
        if path.relative_to(REPOSITORY).parts[0] != "tests"
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1)
        if word.search(line)
    ]
    assert named == []


def test_no_file_names_a_package_registry() -> None:
    registry = re.compile("https?://[^ ]*(" + "|".join(("pypi", "maven2", "npmjs", "debian\\.org")) + ")")
    named = [
        str(path.relative_to(REPOSITORY))
        for path in tracked("*.py", "*.txt", "*.in", "*.xml", "*.toml", "*.md", "Makefile", "*.sh")
        if registry.search(path.read_text(encoding="utf-8"))
    ]
    assert named == []


@pytest.mark.parametrize("page", tracked("*.md"), ids=lambda path: str(path.relative_to(REPOSITORY)))
def test_links_between_pages_lead_somewhere(page: Path) -> None:
    links = re.findall(r"\]\(([^)#\s]+)(?:#[^)]*)?\)", page.read_text(encoding="utf-8"))
    local = [link for link in links if not re.match(r"[a-z]+:", link)]
    assert [link for link in local if not (page.parent / link).exists()] == []


def test_make_targets_named_in_the_readme_exist() -> None:
    named = set(re.findall(r"`?make ([a-z-]+)", (REPOSITORY / "README.md").read_text(encoding="utf-8")))
    targets = set(re.findall(r"^([a-z-]+):", (REPOSITORY / "Makefile").read_text(encoding="utf-8"), re.M))
    assert named - targets == set()
