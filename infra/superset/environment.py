"""Superset's own environment: where it is, what it is told, and how a script runs inside it."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from infra.install.environments import program
from infra.superset.errors import SupersetFailed, SupersetMissing
from streams.settings import Settings

HERE = Path(__file__).parent
CONFIG = HERE / "superset_config.py"
INSIDE = HERE / "inside"
METADATA_DATABASE = "superset"
LOOPBACK = "127.0.0.1"
LAST_LINES = 15


def superset_home(settings: Settings) -> Path:
    """Caches of Superset; nothing there that could not be lost."""
    return settings.home / "superset"


def environment(settings: Settings) -> dict[str, str]:
    """The variables that `superset_config.py` reads. No secret is among them: it reads their files."""
    metadata = (
        f"postgresql+psycopg2://{METADATA_DATABASE}:PASSWORD"
        f"@{settings.postgres_host}:{settings.postgres_port}/{METADATA_DATABASE}"
    )
    return {
        "PATH": "/usr/bin:/bin",
        "HOME": str(superset_home(settings)),
        "LANG": "C.UTF-8",
        "FLASK_APP": "superset.app:create_app()",
        "SUPERSET_CONFIG_PATH": str(CONFIG),
        "SUPERSET_ENV": "production",
        "SCARF_ANALYTICS": "false",  # no pixel that tells a company that this page was opened
        "MINSHENG_SUPERSET_HOME": str(superset_home(settings)),
        "MINSHENG_SUPERSET_SECRETS": str(settings.secrets_dir),
        "MINSHENG_SUPERSET_METADATA": metadata,
        **settings.postgres_environment,
    }


def run_inside(settings: Settings, script: str, request: Mapping[str, Any]) -> Any:
    """Run `inside/<script>.py` with `request` as JSON on its standard input; give back its JSON answer.

    Superset needs SQLAlchemy 1.4 and cannot live in this process. Raises SupersetMissing, and SupersetFailed
    with the end of what the script said.
    """
    python = program("python", "superset")
    if not python.exists():
        raise SupersetMissing(f"{python} is missing: Superset's environment is made by `make demo`.")
    superset_home(settings).mkdir(mode=0o700, parents=True, exist_ok=True)
    result = subprocess.run(
        [str(python), str(INSIDE / f"{script}.py")],
        input=json.dumps(request),
        env=environment(settings),
        cwd=superset_home(settings),
        capture_output=True,
        text=True,
        check=False,
    )
    answers = [line for line in result.stdout.splitlines() if line.startswith("{")]
    if result.returncode != 0 or not answers:
        said = "\n".join((result.stdout + result.stderr).splitlines()[-LAST_LINES:])
        raise SupersetFailed(f"{script} inside Superset ended with {result.returncode}:\n{said}")
    return json.loads(answers[-1])
