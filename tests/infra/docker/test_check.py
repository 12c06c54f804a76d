"""What stands in the way of the containers is said before any of them starts, with what to do about it."""

from __future__ import annotations

import fcntl
import json
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from infra.docker import check
from infra.docker.database import MAJOR, PROGRAMS
from infra.docker.profiles import PROFILES
from infra.local.postgres import programs

CLUSTER = "AAAAAAAAAAAAAAAAAAAAAA"
AMPLE = "MemTotal:       25165824 kB\nMemFree: 1 kB\n"


@pytest.fixture
def home(tmp_path: Path) -> Path:
    for folder in ("state", "postgres/data", "kafka/log", "secrets"):
        (tmp_path / folder).mkdir(parents=True)
    for name in ("kafka_cluster", "tokens"):
        (tmp_path / "secrets" / name).write_text(f"{CLUSTER}\n", encoding="ascii")
    return tmp_path


@pytest.fixture
def listener() -> Iterator[int]:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        yield taken.getsockname()[1]


def found(home: Path, meminfo: str = AMPLE, profile: str = "full", published: str = "") -> list[str]:
    environment = {"MINSHENG_PROFILE": profile, "MINSHENG_PUBLISHED": published}
    return list(check.problems(environment, home, home / "secrets", meminfo))


def marker(home: Path, **differing: object) -> None:
    values = {"layout": check.LAYOUT, "profile": "full", "version": "0.1.0", **differing}
    (home / "state" / "marker.json").write_text(json.dumps(values), encoding="ascii")


def test_a_fresh_machine_has_nothing_in_the_way(home: Path) -> None:
    assert found(home) == []
    assert found(home, profile="core") == []


def test_without_env_file_it_says_how_to_make_one(home: Path) -> None:
    assert found(home, profile="") == [
        "there is no .env, or none of this version: `python3 -m infra.docker` makes it"
    ]


def test_an_empty_secret_is_named(home: Path) -> None:
    (home / "secrets" / "tokens").write_text("\n", encoding="ascii")
    assert found(home)[0].startswith("the secret tokens is empty")


@pytest.mark.parametrize(("profile", "gib"), [("full", 7), ("core", 4)])
def test_too_little_memory_for_the_profile_is_refused(home: Path, profile: str, gib: int) -> None:
    (said,) = found(home, f"MemTotal: {gib * 1024**2} kB\n", profile)
    assert said.startswith(
        f"this machine has {gib}.0 GiB of memory, the profile {profile} takes {gib + 1} GiB"
    )
    assert PROFILES["core"].memory < PROFILES["full"].memory


def test_a_port_that_another_program_has_is_refused(home: Path, listener: int) -> None:
    (said,) = found(home, published=f"gateway=127.0.0.1:{listener}")
    assert said.startswith(f"127.0.0.1:{listener} of gateway is taken by another program")
    assert "MINSHENG_GATEWAY_PUBLISHED" in said


def test_a_port_that_the_own_service_has_is_none_in_the_way(home: Path, listener: int) -> None:
    with (home / "state" / "gateway.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_SH)
        assert found(home, published=f"gateway=127.0.0.1:{listener}") == []
    assert len(found(home, published=f"gateway=127.0.0.1:{listener}")) == 1  # it has ended


def test_volumes_of_another_layout_are_refused(home: Path) -> None:
    marker(home, layout=check.LAYOUT + 1, version="9.9.9")
    (said,) = found(home)
    assert said.startswith(f"the volumes are of layout {check.LAYOUT + 1} (version 9.9.9)")


def test_volumes_of_another_profile_are_refused(home: Path) -> None:
    marker(home)
    assert found(home) == []
    (said,) = found(home, profile="core")
    assert said.startswith("the volumes were begun with the profile full, .env says core")


def test_a_database_of_another_version_is_refused(home: Path) -> None:
    (home / "postgres/data/PG_VERSION").write_text("15\n", encoding="ascii")
    (said,) = found(home)
    assert said.startswith(f"the volume postgres is of PostgreSQL 15, these images have {MAJOR}")


def test_a_log_of_another_installation_is_refused(home: Path) -> None:
    file = home / "kafka/log/meta.properties"
    file.write_text(f"#\ncluster.id={CLUSTER}\nversion=1\n", encoding="ascii")
    assert found(home) == []
    file.write_text("cluster.id=another\n", encoding="ascii")
    (said,) = found(home)
    assert said.startswith("the volume kafka-1 belongs to another installation")


def test_the_images_server_is_that_of_the_lock() -> None:
    assert programs(Path("/nonexistent")).parts[-2:] == PROGRAMS.parts[-2:]
    assert PROGRAMS.parts[-2] == f"pginstall{MAJOR}"
