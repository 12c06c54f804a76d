"""Every service says at its start which version it is and what it runs with, and never a secret."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

from infra.local import launch
from infra.local.folders import make_folders
from infra.local.parts import all_parts
from infra.local.secrets import make_secrets
from infra.local.supervisor import definitions_file, write_configuration
from streams import version
from streams.settings import Settings
from streams.version import described, in_one_line, platform_version


def test_the_version_is_the_installed_one_and_the_commit() -> None:
    assert re.fullmatch(r"\d+\.\d+\.\d+\+[0-9a-f]{7,}(-dirty)?", platform_version())


def test_without_git_the_file_of_the_image_says_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "VERSION").write_text("3f2a9c1\n", encoding="utf-8")
    monkeypatch.setattr(version, "VERSION_FILE", tmp_path / "VERSION")
    assert version._commit() == "3f2a9c1"
    monkeypatch.setattr(version, "VERSION_FILE", tmp_path / "none")
    monkeypatch.setattr(version, "REPOSITORY", tmp_path)
    assert version._commit() == ""


def test_what_differs_from_the_defaults_is_said_and_no_secret(tmp_path: Path) -> None:
    settings = Settings(home=tmp_path, postgres_password="hunter2", claim_days=30, security="tls")  # type: ignore[arg-type]
    said = described(settings, "gateway")
    assert said["settings"] == {
        "MINSHENG_HOME": str(tmp_path),
        "MINSHENG_SECURITY": "tls",
        "MINSHENG_POSTGRES_PASSWORD": "**********",
        "MINSHENG_CLAIM_DAYS": 30,
    }
    assert "hunter2" not in json.dumps(said) + in_one_line(settings, "gateway")
    assert in_one_line(settings, "gateway").startswith(f"gateway starts: version {platform_version()}; ")


def test_our_own_processes_say_it(tmp_path: Path) -> None:
    ended = subprocess.run(
        [sys.executable, "-m", "streams.version", "kafka"],
        env={"MINSHENG_HOME": str(tmp_path)},
        cwd=Path(version.__file__).parent.parent,
        capture_output=True,
        text=True,
        check=True,
    )
    assert ended.stdout.startswith("kafka starts: version ")
    assert f"MINSHENG_HOME={tmp_path}" in ended.stdout


def test_servers_of_others_are_spoken_for_when_they_are_launched(tmp_path: Path) -> None:
    settings = Settings(home=tmp_path / "home", jars_dir=tmp_path / "none")
    make_folders(settings)
    make_secrets(settings)
    parts = all_parts(settings)
    write_configuration(settings, parts, {"PATH": "/nowhere"})
    written = json.loads(definitions_file(settings).read_text(encoding="utf-8"))
    silent = {name for name, part in written.items() if not part["says"]}
    assert silent == {"stream", "gateway", "status", "simulator"}  # which say it themselves
    ended = subprocess.run(
        [sys.executable, launch.__file__, str(definitions_file(settings)), "kafka"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.stderr.startswith("kafka starts: version ")
