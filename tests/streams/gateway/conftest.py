"""A gateway as a real process on a free port, by the platform's own contracts."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

import httpx
import pytest

from infra.deploy import deploy
from streams.contract.loader import load_contract
from streams.contract.model import Contract
from streams.gateway.keys import FILE_NAME, add_key
from streams.settings import Settings
from streams.zone import ZONE
from tests.conftest import free_port
from tests.waiting import wait_for_success

SOURCE = "canteen_meal"
ID = "33030219400101123"


def with_check_digit(seventeen: str) -> str:
    """A resident identity number: ISO 7064 MOD 11-2 over its first 17 digits."""
    total = sum(int(digit) * pow(2, 17 - place, 11) for place, digit in enumerate(seventeen))
    return seventeen + "10X98765432"[total % 11]


class RunningGateway:
    """The process, a client with a key for every source, and its log."""

    def __init__(self, process: subprocess.Popen[bytes], address: str, key: str, log: Path) -> None:
        self.process = process
        self.address = address
        self.log = log
        self.client = httpx.Client(
            base_url=address, headers={"Authorization": f"Bearer {key}"}, timeout=60, trust_env=False
        )

    def post(self, event: Any, **headers: str) -> httpx.Response:
        kind = "-batch" if isinstance(event, list) else ""
        content = {"Content-Type": f"application/cloudevents{kind}+json"}
        return self.client.post("/v1/events", json=event, headers={**content, **headers})

    def stop(self) -> int:
        self.process.terminate()
        return self.process.wait(20)


@contextmanager
def running(settings: Settings, log: Path, **environment: object) -> Iterator[RunningGateway]:
    key = add_key(settings.secrets_dir / FILE_NAME, f"test-{free_port()}", ["*"])
    port = free_port()
    settings_of_process = {f"MINSHENG_{name}": str(value) for name, value in environment.items()}
    with log.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "streams.gateway"],
            env={**os.environ, **settings_of_process, "MINSHENG_GATEWAY_PORT": str(port)},
            stdout=output,
            stderr=output,
        )
    gateway = RunningGateway(process, f"http://127.0.0.1:{port}", key, log)
    try:
        wait_for_success(
            lambda: gateway.client.get("/ready").raise_for_status(),
            (httpx.TransportError, httpx.HTTPStatusError),
        )
        yield gateway
    finally:
        gateway.client.close()
        process.kill()
        process.wait(20)


@pytest.fixture
def contract(settings: Settings) -> Contract:
    """The deployed contract that the tests send events of."""
    contract = load_contract(settings.contracts_dir / f"{SOURCE}.yaml")
    deploy(settings, [contract])
    return contract


@pytest.fixture
def gateway(settings: Settings, contract: Contract, tmp_path: Path) -> Iterator[RunningGateway]:
    with running(settings, tmp_path / "gateway.log") as gateway:
        yield gateway


@pytest.fixture
def make_event(contract: Contract) -> Callable[..., dict[str, Any]]:
    """An event as a department sends it: with the identity number itself, of today."""

    def make(number: int = 0, *, envelope: dict[str, Any] | None = None, **data: Any) -> dict[str, Any]:
        return {
            "specversion": "1.0",
            "id": f"meal-{number}",
            "source": "/wenzhou/minzheng/canteen",
            "type": contract.source,
            "time": datetime.now(ZONE).isoformat(timespec="seconds"),
            "data": {**contract.examples.good[0], "elder": with_check_digit(ID), **data},
            **(envelope or {}),
        }

    return make
