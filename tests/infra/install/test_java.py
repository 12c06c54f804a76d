"""Java 17 is found behind any number of other Javas."""

from __future__ import annotations

from pathlib import Path

import pytest

from infra.install.java import find_java, others, version_of, with_java


@pytest.mark.parametrize(
    ("banner", "version"),
    [
        ('openjdk version "17.0.15" 2025-04-15\nOpenJDK Runtime Environment', 17),
        ('java version "1.8.0_402"', 8),
        ('openjdk version "21" 2023-09-19', 21),
        ('Picked up JAVA_TOOL_OPTIONS: -Xmx1g\nopenjdk version "11.0.2"', 11),
        ("command not found", None),
    ],
)
def test_the_feature_release_in_a_banner(banner: str, version: int | None) -> None:
    assert version_of(banner) == version


def make_java(folder: Path, version: str, *, with_release_file: bool = False) -> Path:
    program = folder / "bin" / "java"
    program.parent.mkdir(parents=True)
    program.write_text(f"#!/bin/sh\necho 'openjdk version \"{version}\"' >&2\n", encoding="ascii")
    program.chmod(0o755)
    if with_release_file:
        (folder / "release").write_text(f'IMPLEMENTOR="x"\nJAVA_VERSION="{version}"\n', encoding="ascii")
    return program


@pytest.mark.parametrize("with_release_file", [False, True])
def test_a_wrong_java_first_on_path_is_passed_over(tmp_path: Path, with_release_file: bool) -> None:
    wrong = make_java(tmp_path / "wrong", "11.0.2", with_release_file=with_release_file)
    right = make_java(tmp_path / "right", "17.0.9", with_release_file=with_release_file)
    environment = {"PATH": f"{wrong.parent}:{right.parent}"}
    assert find_java(environment) == right
    assert others(environment) == [(wrong, 11)]
    chosen = with_java(environment, right)
    assert chosen["JAVA_HOME"] == str(tmp_path / "right")
    assert chosen["PATH"].startswith(f"{right.parent}:")


def test_java_home_comes_before_path(tmp_path: Path) -> None:
    on_path = make_java(tmp_path / "path", "17.0.1")
    at_home = make_java(tmp_path / "home", "17.0.2")
    assert find_java({"PATH": str(on_path.parent), "JAVA_HOME": str(tmp_path / "home")}) == at_home


def test_a_java_home_of_another_version_is_passed_over(tmp_path: Path) -> None:
    make_java(tmp_path / "home", "21.0.1")
    on_path = make_java(tmp_path / "path", "17.0.1")
    assert find_java({"PATH": str(on_path.parent), "JAVA_HOME": str(tmp_path / "home")}) == on_path


def test_a_java_that_cannot_run_is_no_java(tmp_path: Path) -> None:
    broken = tmp_path / "bin" / "java"
    broken.parent.mkdir()
    broken.write_text("#!/no/such/interpreter\n", encoding="ascii")
    broken.chmod(0o755)
    assert (broken, None) in others({"PATH": str(broken.parent)})
