"""A session of this machine is of this machine only, and keeps its files below home."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from ipaddress import IPv6Address, ip_address
from pathlib import Path

import pytest

from tests.spark_jobs import session_facts

pytestmark = pytest.mark.servers


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("session")


@pytest.fixture(scope="module")
def run(place: Path) -> subprocess.CompletedProcess[str]:
    """A session in a process of its own, which works in `place` and has its home in `place/home`."""
    environment = {name: value for name, value in os.environ.items() if name != "SPARK_LOCAL_IP"}
    (place / "work").mkdir()
    return subprocess.run(
        [sys.executable, session_facts.__file__, str(place / "home"), "local[2]"],
        cwd=place / "work", env=environment, capture_output=True, text=True, check=True,
    )  # fmt: skip


def is_loopback(address: str) -> bool:
    """Java shows 127.0.0.1 as ::ffff:127.0.0.1."""
    found = ip_address(address)
    return ((found.ipv4_mapped if isinstance(found, IPv6Address) else None) or found).is_loopback


def test_it_listens_and_can_be_found_on_loopback_only(run: subprocess.CompletedProcess[str]) -> None:
    facts = json.loads(run.stdout.splitlines()[-1])
    assert facts["listening"]
    assert [address for address in facts["listening"] if not is_loopback(address)] == []
    assert is_loopback(facts["advertised"])
    assert "using" not in "".join(line for line in run.stderr.splitlines() if "Your hostname" in line)


def test_what_it_keeps_is_below_home(run: subprocess.CompletedProcess[str], place: Path) -> None:
    assert run.returncode == 0
    assert list((place / "work").iterdir()) == []
    assert (place / "home" / "spark" / "warehouse" / "kept").is_dir()
