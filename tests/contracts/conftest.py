"""Every contract of the repository, one after the other."""

from __future__ import annotations

from pathlib import Path

import pytest

from streams.contract.loader import load_contract
from streams.contract.model import Contract
from streams.settings import REPOSITORY

FILES = sorted((REPOSITORY / "streams" / "contracts").glob("*.yaml"))


@pytest.fixture(params=FILES, ids=lambda path: path.stem)
def file(request: pytest.FixtureRequest) -> Path:
    """A contract file."""
    path = request.param
    assert isinstance(path, Path)
    return path


@pytest.fixture
def contract(file: Path) -> Contract:
    """The contract of that file."""
    return load_contract(file)


@pytest.fixture(scope="session")
def corpus_events(request: pytest.FixtureRequest) -> int:
    """How many events of each contract a corpus has."""
    return int(request.config.getoption("--corpus-events"))
