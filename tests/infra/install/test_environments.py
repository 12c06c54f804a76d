"""Environments are made of locks: stamped when whole, never taken for whole before."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from infra.install import environments, stamps
from infra.install.environments import is_made, lock_for, uv_settings
from infra.install.machine import REPOSITORY


@pytest.fixture(autouse=True)
def venvs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Environments in a folder of the test's own, of small locks."""
    locks = tmp_path / "locks"
    locks.mkdir()
    for name in ("stream", "dev", "airflow"):
        (locks / f"{name}.txt").write_text(f"{name}==1\n", encoding="ascii")
    monkeypatch.setattr(environments, "VENVS", tmp_path / "venvs")
    monkeypatch.setattr(environments, "LOCKS", locks)
    return tmp_path / "venvs"


def make(venvs: Path, name: str, lock: str) -> None:
    program = venvs / name / "bin" / "python"
    program.parent.mkdir(parents=True)
    program.touch()
    stamps.write(venvs / name, environments._made_of(name, lock))


def test_what_tests_installed_serves_the_demo(venvs: Path) -> None:
    make(venvs, "stream", "dev")
    assert is_made("stream", "stream")
    assert is_made("stream", "dev")


def test_what_the_demo_installed_does_not_serve_tests(venvs: Path) -> None:
    make(venvs, "stream", "stream")
    assert is_made("stream", "stream")
    assert not is_made("stream", "dev")


def test_a_changed_lock_makes_an_environment_stale_and_keeps_what_tests_need(venvs: Path) -> None:
    make(venvs, "stream", "dev")
    (environments.LOCKS / "dev.txt").write_text("dev==2\n", encoding="ascii")
    assert not is_made("stream", "stream")
    assert lock_for("stream", "stream") == "dev"


def test_an_interrupted_environment_has_no_stamp(venvs: Path) -> None:
    make(venvs, "airflow", "airflow")
    stamps.remove(venvs / "airflow")
    assert not is_made("airflow", "airflow")


def test_an_environment_that_was_moved_is_stale(venvs: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    make(venvs, "airflow", "airflow")
    venvs.rename(venvs.with_name("moved"))
    monkeypatch.setattr(environments, "VENVS", venvs.with_name("moved"))
    assert not is_made("airflow", "airflow")


def test_a_broken_stamp_is_no_stamp(venvs: Path) -> None:
    make(venvs, "airflow", "airflow")
    (venvs / "airflow" / stamps.STAMP).write_text('{"lock": "airf', encoding="ascii")
    assert not is_made("airflow", "airflow")


def test_uv_takes_what_pip_was_told() -> None:
    told = (
        "global.cert='/etc/ssl/own.crt'\n"
        "global.index-url='https://packages.example/simple'\n"
        "global.extra-index-url='\\nhttps://one.example/simple\\nhttps://two.example/simple'\n"
        "global.quiet='1'\n"
        ":env:.index-url='https://nearer.example/simple'\n"
    )
    assert uv_settings(told) == {
        "SSL_CERT_FILE": "/etc/ssl/own.crt",
        "UV_DEFAULT_INDEX": "https://nearer.example/simple",
        "UV_INDEX": "https://one.example/simple https://two.example/simple",
    }


def test_nothing_told_is_nothing_set() -> None:
    assert uv_settings("") == {}


LOCK_FILES = sorted((REPOSITORY / "infra" / "locks").glob("*.txt"))


@pytest.mark.parametrize("lock", LOCK_FILES, ids=lambda lock: lock.stem)
def test_every_line_of_every_lock_has_a_hash_and_names_no_index(lock: Path) -> None:
    text = lock.read_text(encoding="ascii")
    requirements = re.split(r"(?<!\\)\n", text.strip())
    assert requirements
    for requirement in requirements:
        assert re.match(r"[A-Za-z0-9_.\[\],-]+==\S+ ", requirement), requirement
        assert "--hash=sha256:" in requirement
    assert "://" not in text


def test_the_dev_lock_holds_every_line_of_the_stream_lock() -> None:
    stream, dev = (
        set(re.findall(r"^[^\s#]+==[^\s\\]+", (REPOSITORY / "infra/locks" / name).read_text(), re.MULTILINE))
        for name in ("stream.txt", "dev.txt")
    )
    assert stream <= dev
