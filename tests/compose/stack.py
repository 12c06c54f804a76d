"""One installation of docker-compose.yml, beside any other on the machine: own name, secrets and ports."""

from __future__ import annotations

import json
import secrets
import ssl
import subprocess
import threading
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import httpx

from infra.docker.__main__ import environment_text, make_secrets, wanted_secrets
from infra.docker.profiles import PROFILES
from streams.settings import REPOSITORY
from tests.end_to_end.sent import Meal

UP_SECONDS = 600
ASK = """
import json, sys, psycopg
from streams.settings import Settings
with psycopg.connect(Settings().postgres_dsn) as connection:
    rows = connection.execute(sys.argv[1]).fetchall()
print(json.dumps(rows, default=str))
"""


@dataclass(frozen=True)
class Stack:
    """`environment`: how Docker is reached; `folder` holds secrets and the .env of this installation."""

    environment: Mapping[str, str]
    folder: Path
    profile: str
    gateway_port: int
    superset_port: int
    name: str = field(default_factory=lambda: f"minsheng-test-{secrets.token_hex(3)}")

    def prepare(self) -> None:
        """What `python3 -m infra.docker` does, in a folder of its own."""
        compose = (REPOSITORY / "docker-compose.yml").read_text(encoding="utf-8")
        make_secrets(self.folder / "secrets", wanted_secrets(compose))
        own = {
            "MINSHENG_SECRETS": str(self.folder / "secrets"),
            "MINSHENG_GATEWAY_PUBLISHED": f"127.0.0.1:{self.gateway_port}",
            "MINSHENG_SUPERSET_PUBLISHED": f"127.0.0.1:{self.superset_port}",
            **PROFILES[self.profile].variables(self.profile),
        }
        (self.folder / ".env").write_text(environment_text("", own), encoding="ascii")

    def compose(
        self, *arguments: str, timeout: float = 120, check: bool = True
    ) -> subprocess.CompletedProcess[str]:
        """Run `docker compose ...` for this installation."""
        files = ["--env-file", str(self.folder / ".env"), "--project-name", self.name]
        result = subprocess.run(
            ["docker", "compose", *files, *arguments], cwd=REPOSITORY, env=dict(self.environment),
            capture_output=True, text=True, timeout=timeout, check=False,
        )  # fmt: skip
        assert not check or result.returncode == 0, (
            f"{arguments}\n{result.stdout[-3000:]}\n{result.stderr[-3000:]}"
        )
        return result

    def up(self, *services: str) -> float:
        """Seconds from `up` until everything is healthy."""
        began = time.monotonic()
        arguments = ["up", "--detach", "--wait", "--wait-timeout", str(UP_SECONDS), "--no-build", *services]
        result = self.compose(*arguments, timeout=UP_SECONDS + 60, check=False)
        assert result.returncode == 0, f"{result.stderr[-3000:]}\n{self.complaints()}"
        return time.monotonic() - began

    def complaints(self) -> str:
        """What services that do not work said last."""
        lines = self.compose("ps", "--all", "--format", "json", check=False).stdout.splitlines()
        states = [json.loads(line) for line in lines]
        bad = [
            each["Service"]
            for each in states
            if each["Health"] in {"unhealthy", "starting"}
            or each["ExitCode"]
            or each["State"] == "restarting"
        ]
        return "\n".join(self.compose("logs", "--tail", "25", one, check=False).stdout for one in bad)

    def memory(self) -> dict[str, float]:
        """MiB that each service takes now."""
        ids = self.compose("ps", "--format", "{{.Service}} {{.ID}}").stdout.split()
        names = dict(zip(ids[1::2], ids[::2], strict=True))
        shown = subprocess.run(
            ["docker", "stats", "--no-stream", "--format", "{{.ID}} {{.MemUsage}}", *names],
            env=dict(self.environment), capture_output=True, text=True, timeout=120, check=True,
        ).stdout.splitlines()  # fmt: skip
        used = (line.split()[:2] for line in shown)
        return {names[identity]: _mib(size) for identity, size in used}

    def ask(self, query: str) -> list[list[Any]]:
        """Rows of a query, asked from within."""
        rows: list[list[Any]] = json.loads(self.python("stream", ASK, query))
        return rows

    def ledger(self, source: str) -> dict[str, int]:
        """The source's line of the ledger."""
        said = self.compose(
            "exec", "--no-TTY", "stream", "minsheng", "ledger", "--source", source, "--json", check=False
        )
        (line,) = json.loads(said.stdout)
        return dict(line)

    @cached_property
    def trust(self) -> ssl.SSLContext:
        """Whom a sender trusts: the authority of this installation and no other."""
        file = self.folder / "ca.pem"
        self.compose("cp", "gateway:/var/lib/minsheng/certificates/ca.pem", str(file))
        return ssl.create_default_context(cafile=str(file))

    def python(self, service: str, script: str, *arguments: str) -> str:
        """The last line that a script writes within a service."""
        said = self.compose("exec", "--no-TTY", service, "python", "-c", script, *arguments).stdout
        return said.splitlines()[-1]

    def secret(self, name: str) -> str:
        return (self.folder / "secrets" / name).read_text(encoding="ascii").strip()

    def post(self, events: Sequence[Mapping[str, Any]], timeout: float = 30) -> httpx.Response:
        """Post a batch as a department does, which has been given `ca.pem`."""
        return httpx.post(
            f"https://127.0.0.1:{self.gateway_port}/v1/events",
            json=events,
            headers={
                "Content-Type": "application/cloudevents-batch+json",
                "Authorization": f"Bearer {self.secret('gateway_api_key')}",
            },
            timeout=timeout,
            trust_env=False,
            verify=self.trust,
        )


def _mib(size: str) -> float:
    units = {"KiB": 1 / 1024, "MiB": 1.0, "GiB": 1024.0}
    return next(
        float(size.removesuffix(unit)) * factor for unit, factor in units.items() if size.endswith(unit)
    )


class Writer(threading.Thread):
    """A department that sends a meal after the other, each again until it is acknowledged."""

    def __init__(self, stack: Stack, meals: Iterable[Meal], pause_seconds: float = 0.2) -> None:
        super().__init__(name="writer", daemon=True)
        self._stack, self._meals, self._pause = stack, iter(meals), pause_seconds
        self._stop_asked = threading.Event()
        self.written: list[Meal] = []
        self.slowest_seconds = 0.0
        self.error: BaseException | None = None

    def run(self) -> None:
        try:
            for meal in self._meals:
                if self._stop_asked.is_set():
                    return
                began = time.monotonic()
                self._write(meal, began + 90)
                self.slowest_seconds = max(self.slowest_seconds, time.monotonic() - began)
                self.written.append(meal)
                time.sleep(self._pause)
        except BaseException as error:  # noqa: BLE001 (raised by `end`, in the test's thread)
            self.error = error

    def end(self) -> None:
        """Stop after the event under way; raises what went wrong."""
        self._stop_asked.set()
        self.join(120)
        if self.error is not None:
            raise self.error

    def _write(self, meal: Meal, give_up: float) -> None:
        while True:
            try:
                answer = self._stack.post([meal.event()])
                if answer.status_code in {202, 207} and answer.json()["events"][0]["status"] == 202:
                    return
                said = f"{answer.status_code} {answer.text[:300]}"
            except httpx.HTTPError as error:
                said = repr(error)
            assert time.monotonic() < give_up, f"not acknowledged in 90 s: {said}"
            time.sleep(0.2)
