"""An installation in containers, built from this tree and removed at the end."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.compose.stack import Stack
from tests.conftest import free_port


@pytest.fixture(scope="session")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    profile = os.environ.get("MINSHENG_COMPOSE_PROFILE", "full")
    made = Stack(os.environ, tmp_path_factory.mktemp("compose"), profile, free_port(), free_port())
    made.prepare()
    Path(made.folder).chmod(0o755)
    try:
        yield made
    finally:
        made.compose("down", "--volumes", "--remove-orphans", "--timeout", "10", timeout=180, check=False)
