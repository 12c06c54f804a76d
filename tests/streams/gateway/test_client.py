"""The Python client against the real gateway, and installed where nothing of the platform is."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import venv
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from streams.client.minsheng_client import Client, Event, EventRefused, KeyRefused
from streams.contract.model import Contract
from streams.settings import REPOSITORY, Settings
from tests.streams.gateway.conftest import RunningGateway
from tests.streams.gateway.test_events import in_topic

Make = Callable[..., dict[str, Any]]
CLIENT = REPOSITORY / "streams" / "client"


def event_of(made: dict[str, Any]) -> Event:
    return Event(type=made["type"], source=made["source"], id=made["id"], data=made["data"])


@pytest.mark.servers
def test_verdicts_on_good_and_bad_events_and_a_gateway_that_is_frozen_for_a_while(
    gateway: RunningGateway, make_event: Make, settings: Settings, contract: Contract
) -> None:
    key = gateway.client.headers["Authorization"].removeprefix("Bearer ")
    with Client(gateway.address, key, timeout_seconds=1.5, patience_seconds=60) as client:
        events = [
            event_of(make_event(number, **({"paid_fen": 0} if number == 7 else {}))) for number in range(20)
        ]
        verdicts = list(client.send_all(events))
        assert [verdict.event.id for verdict in verdicts if not verdict.accepted] == ["meal-7"]
        (reason,) = verdicts[7].reasons
        assert (reason.code, reason.field) == ("check:price_split", None)
        assert "餐费" in reason.text
        with pytest.raises(EventRefused, match="check:price_split"):
            verdicts[7].raise_if_refused()

        gateway.process.send_signal(19)  # SIGSTOP: it answers nothing, with its connections open
        thaw = threading.Timer(2.5, gateway.process.send_signal, (18,))
        thaw.start()
        assert client.send(event_of(make_event(20))).accepted
        thaw.join()
    found = Counter(event["id"] for event in in_topic(settings, contract))
    assert set(found) == {f"meal-{number}" for number in range(21) if number != 7}
    assert {event["source"] for event in in_topic(settings, contract)} == {"/wenzhou/minzheng/canteen"}
    with Client(gateway.address, "mk_nobody") as stranger, pytest.raises(KeyRefused, match="bad_key"):
        stranger.send(events[0])


def run(command: list[Any], **options: Any) -> str:
    """What it said; raises where it failed."""
    return subprocess.run(command, capture_output=True, text=True, check=True, **options).stdout


def test_it_installs_where_nothing_else_is(tmp_path: Path) -> None:
    """A wheel, built without a network and without isolation, in an environment of its own."""
    build = "import sys; from setuptools.build_meta import build_wheel; print(build_wheel(sys.argv[1]))"
    source = tmp_path / "client"
    subprocess.run(["cp", "-r", str(CLIENT), str(source)], check=True)
    run([sys.executable, "-W", "ignore", "-c", build, str(tmp_path)], cwd=source)
    (wheel,) = tmp_path.glob("minsheng_client-*.whl")
    home = tmp_path / "venv"
    venv.create(home, with_pip=True, symlinks=True)
    python = home / "bin" / "python"
    clean = {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "PIP"))}
    install = [python, "-m", "pip", "install", "--no-index", "--no-deps", "--quiet", wheel]
    run(install, env=clean)
    said = run(
        [
            python,
            "-c",
            "import minsheng_client, pathlib;"
            "print(minsheng_client.Client('https://gateway.example.gov.cn', key='mk'),"
            " (pathlib.Path(minsheng_client.__file__).parent / 'py.typed').exists())",
        ],
        env=clean,
        cwd=tmp_path,
    )
    assert said == "Client('https://gateway.example.gov.cn') True\n"
