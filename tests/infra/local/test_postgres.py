"""The embedded server finds a place that its user can get to, and survives an interrupted beginning."""

from __future__ import annotations

import os
import pwd
import subprocess
from pathlib import Path

import pytest

from infra.local.postgres import EmbeddedPostgres, can_pass, data_dir, programs
from streams.settings import Settings

NOBODY = pwd.getpwnam("nobody")
as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root runs the server as another user")


def test_a_closed_folder_above_closes_everything_below(tmp_path: Path) -> None:
    deep = tmp_path / "a" / "b"
    deep.mkdir(parents=True)
    for folder in (*deep.parents[:4], deep):
        if folder.is_relative_to(tmp_path.parents[1]):
            folder.chmod(0o755)
    assert can_pass(deep, NOBODY)
    assert can_pass(deep / "not" / "there", NOBODY)
    (tmp_path / "a").chmod(0o700)
    assert not can_pass(deep, NOBODY)


def test_the_owner_passes_where_others_do_not(tmp_path: Path) -> None:
    owner = pwd.getpwuid(os.getuid())
    tmp_path.chmod(0o700)
    assert can_pass(tmp_path, owner)


@as_root
def test_below_a_closed_folder_data_go_elsewhere_and_stay_where_they_are(tmp_path: Path) -> None:
    for folder in tmp_path.parents[:3]:
        folder.chmod(0o755)
    home, away = tmp_path / "root" / "home", tmp_path / "elsewhere"
    home.mkdir(parents=True)
    settings = Settings(home=home)
    tmp_path.chmod(0o755)
    (tmp_path / "root").chmod(0o755)
    home.chmod(0o755)
    assert data_dir(settings, away) == home / "postgres"
    (tmp_path / "root").chmod(0o700)
    there = data_dir(settings, away)
    assert there.is_relative_to(away)
    there.mkdir(parents=True)
    (there / "PG_VERSION").touch()
    (tmp_path / "root").chmod(0o755)
    assert data_dir(settings, away) == there  # a folder that was opened does not hide the data


@as_root
@pytest.mark.servers
def test_programs_are_copied_to_where_the_servers_user_can_run_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for folder in (tmp_path, *tmp_path.parents[:3]):
        folder.chmod(0o755)
    monkeypatch.setattr("infra.local.postgres.can_pass", lambda *_: False)
    copy = programs(tmp_path / "elsewhere")
    assert copy.is_relative_to(tmp_path)
    command = [
        "setpriv",
        "--reuid=nobody",
        "--regid=nogroup",
        "--clear-groups",
        str(copy / "postgres"),
        "--version",
    ]
    shown = subprocess.run(command, capture_output=True, text=True, check=True, cwd="/")
    assert shown.stdout.startswith("postgres (PostgreSQL) 18")
    assert programs(tmp_path / "elsewhere") == copy


@pytest.mark.servers
def test_a_cluster_that_was_half_made_is_made_anew_and_a_whole_one_left_alone(tmp_path: Path) -> None:
    for folder in (tmp_path, *tmp_path.parents[:3]):
        folder.chmod(0o755)
    server = EmbeddedPostgres(tmp_path / "data", 1)
    draft = tmp_path / "data.part"
    draft.mkdir()
    (draft / "PG_VERSION").write_text("18\n", encoding="ascii")
    server.initialise("secret")
    assert (server.data_dir / "global" / "pg_control").exists()
    assert not draft.exists()
    before = (server.data_dir / "PG_VERSION").stat().st_mtime_ns
    server.initialise("another")
    assert (server.data_dir / "PG_VERSION").stat().st_mtime_ns == before


def test_somebody_elses_folder_is_not_taken_over(tmp_path: Path) -> None:
    for folder in (tmp_path, *tmp_path.parents[:3]):
        folder.chmod(0o755)
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "precious").touch()
    with pytest.raises(OSError, match="not empty"):
        EmbeddedPostgres(tmp_path / "data", 1).initialise("secret")
    assert (tmp_path / "data" / "precious").exists()
