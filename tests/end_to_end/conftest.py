"""One whole stack for the end-to-end tests: every part, real, on free ports, from an empty folder."""

from __future__ import annotations

import shutil
import time
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

import httpx
import pytest

from streams.settings import REPOSITORY
from streams.zone import ZONE
from tests.end_to_end.installation import Installation
from tests.waiting import wait_for_success

REAL_DATA_CONTRACT = REPOSITORY / "tests" / "contracts_extra" / "la311_request.yaml"
MINUTES_OF_TODAY = timedelta(minutes=8)
LOGS = REPOSITORY / "build" / "end-to-end-logs"


@pytest.fixture(scope="package")
def city(passable: Path) -> Iterator[Installation]:
    """A running installation with the repository's contracts and that of the real data."""
    _let_midnight_pass()
    folder = passable / "city"
    folder.mkdir(mode=0o755)
    contracts = folder / "contracts"
    shutil.copytree(REPOSITORY / "streams" / "contracts", contracts)
    shutil.copy(REAL_DATA_CONTRACT, contracts)
    installation = Installation.in_folder(folder / "home", contracts)
    try:
        installation.minsheng("up")
        installation.minsheng("contract", "deploy")
        gateway = f"http://127.0.0.1:{installation.settings.gateway_port}"
        wait_for_success(
            lambda: httpx.get(f"{gateway}/ready", trust_env=False).raise_for_status(), httpx.HTTPError
        )
        yield installation
    finally:
        installation.minsheng("down")
        _keep_logs(installation.settings.home)


def _let_midnight_pass() -> None:
    """What is today must stay so while the tests compare it with the dashboards."""
    now = datetime.now(ZONE)
    midnight = datetime.combine(now.date() + timedelta(days=1), datetime.min.time(), ZONE)
    if midnight - now < MINUTES_OF_TODAY:
        time.sleep((midnight - now).total_seconds() + 1)


def _keep_logs(home: Path) -> None:
    shutil.rmtree(LOGS, ignore_errors=True)
    if (home / "logs").is_dir():
        shutil.copytree(home / "logs", LOGS, ignore_dangling_symlinks=True)
