"""An installation of the platform in a folder of its own, used as a person uses it: by the command line."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from streams.settings import Settings
from tests.conftest import free_port

PORTS = (
    "KAFKA_CONTROLLER_PORT", "POSTGRES_PORT", "GATEWAY_PORT", "SUPERSET_PORT", "AIRFLOW_PORT", "STATUS_PORT",
)  # fmt: skip
COMMAND = Path(sys.executable).with_name("minsheng")


@dataclass(frozen=True)
class Installation:
    """`environment` is what its processes get; `settings` is how they read it."""

    environment: dict[str, str]
    settings: Settings

    @classmethod
    def in_folder(cls, home: Path, contracts: Path, **more: str) -> Installation:
        """Settings with free ports, and `more`; nothing is started."""
        own = {
            "HOME": str(home),
            "CONTRACTS_DIR": str(contracts),
            "KAFKA_BOOTSTRAP": f"127.0.0.1:{free_port()}",
            "ARCHIVE_TRIGGER_SECONDS": "10",
            **{name: str(free_port()) for name in PORTS},
            **more,
        }
        plain = {name: value for name, value in os.environ.items() if not name.startswith("MINSHENG_")}
        environment = plain | {f"MINSHENG_{name}": value for name, value in own.items()}
        return cls(environment, Settings(**{name.lower(): value for name, value in own.items()}))

    def minsheng(self, *arguments: object, code: int = 0, seconds: float = 600) -> str:
        """Run a command, which must end with that exit code; what it wrote to standard output."""
        result = subprocess.run(
            [COMMAND, *map(str, arguments)],
            env=self.environment,
            capture_output=True,
            text=True,
            timeout=seconds,
            check=False,
        )
        assert result.returncode == code, f"{arguments}: {result.stdout[-4000:]}\n{result.stderr[-4000:]}"
        return result.stdout

    def json(self, *arguments: object) -> Any:
        """The answer of a command that reads."""
        return json.loads(self.minsheng(*arguments, "--json"))
