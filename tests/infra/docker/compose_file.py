"""docker-compose.yml as the tests read it: anchors resolved, `.env` not applied."""

from __future__ import annotations

from typing import Any

import yaml

from streams.settings import REPOSITORY

COMPOSE = (REPOSITORY / "docker-compose.yml").read_text(encoding="utf-8")
DOCKERFILE = (REPOSITORY / "infra" / "docker" / "Dockerfile").read_text(encoding="utf-8")
FILE: dict[str, Any] = yaml.safe_load(COMPOSE)
SERVICES: dict[str, dict[str, Any]] = FILE["services"]
ONCE = {name for name, service in SERVICES.items() if service["restart"] == "no"}
"""Those that end: the others stay."""


def source(secret: object) -> str:
    """The name of a secret in either of its forms."""
    return str(secret["source"]) if isinstance(secret, dict) else str(secret)
