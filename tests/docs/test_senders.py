"""What the page for departments shows works as it stands there, with a real gateway and a real Kafka."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from datetime import datetime
from pathlib import Path

import pytest

from infra.deploy import deploy
from streams.contract.loader import parse_contract
from streams.settings import REPOSITORY, Settings
from streams.zone import ZONE
from tests.docs.test_data_engineer import CONTRACT
from tests.streams.conftest import values_of
from tests.streams.gateway.conftest import running

PAGE = (REPOSITORY / "docs" / "senders.md").read_text(encoding="utf-8")
SHELL = re.findall(r"```sh\n(.*?)# (\d{3})\n```", PAGE, re.S)
PYTHON = re.findall(r"```python\n(.*?)```", PAGE, re.S)
WRITTEN = "2026-11-23T09:00:00+08:00"


@pytest.mark.servers
def test_every_example_on_the_page_runs_and_answers_what_it_says(settings: Settings, tmp_path: Path) -> None:
    contract = parse_contract(CONTRACT, "parking_notice.yaml")
    deploy(settings, [contract])
    now = datetime.now(ZONE).isoformat(timespec="seconds")
    with running(settings, tmp_path / "gateway.log") as gateway:
        key = gateway.client.headers["Authorization"].removeprefix("Bearer ")
        client = REPOSITORY / "streams" / "client"
        environment = {**os.environ, "GATEWAY": gateway.address, "KEY": key, "PYTHONPATH": str(client)}

        def run(*command: str) -> str:
            done = subprocess.run(
                command, env=environment, cwd=tmp_path, capture_output=True, text=True, check=True
            )
            return done.stdout

        answers = {
            script: run("bash", "-euo", "pipefail", "-c", script.replace(WRITTEN, now)).splitlines()[-1]
            for script, _ in SHELL
        }
        assert answers == dict(SHELL)
        by_client, by_producer = (run(sys.executable, "-c", script) for script in PYTHON)
    assert by_client == ""
    assert "partition" in by_producer
    values = values_of(settings.kafka_bootstrap, f"{settings.topic_prefix}parking_notice")
    assert len(values) == 4 + 100 + 1
    assert not [value for value in values if b"13800138000" in value]


def test_the_page_has_an_example_for_each_way_in() -> None:
    assert [status for _, status in SHELL] == ["202", "422", "207", "202"]
    assert len(PYTHON) == 2
