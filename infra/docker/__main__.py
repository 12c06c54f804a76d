"""`python3 -m infra.docker`: make what docker-compose.yml needs on this machine: secrets and .env.

Needs no more than Python and Docker. What is there is left alone, so a second call changes nothing but the
profile that it is told. It starts nothing: `docker compose up -d --wait` does.
"""

from __future__ import annotations

import argparse
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

from infra.docker.profiles import PROFILES
from infra.kafka_id import kafka_id
from infra.secret_kinds import KINDS, key
from streams.kafka_access import RIGHTS, secret_name

REPOSITORY = Path(__file__).resolve().parents[2]
FOLDER = REPOSITORY / ".compose" / "secrets"
ENVIRONMENT = REPOSITORY / ".env"
DECLARED = re.compile(r"^  (\w+): \{ file:", re.MULTILINE)
OLDEST_COMPOSE = (2, 20)


def wanted_secrets(compose_file: str) -> list[str]:
    """The secrets that docker-compose.yml declares."""
    return DECLARED.findall(compose_file)


def make_secrets(folder: Path, names: list[str]) -> list[str]:
    """Make those that are not there; gives back which.

    Each file is mounted alone into the containers that need it, where users of their own read it: the folder
    is closed to everybody else on this machine, its files are not.
    """
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    folder.chmod(0o700)
    makers = {**KINDS, **{secret_name(each): key for each in RIGHTS}, "kafka_cluster": kafka_id}
    made = [name for name in names if not (folder / name).exists()]
    for name in made:
        draft = folder / f".{name}.part"
        draft.write_text(f"{makers[name]()}\n", encoding="ascii")
        draft.chmod(0o444)
        draft.replace(folder / name)
    return made


def environment_text(existing: str, variables: Mapping[str, str]) -> str:
    """`.env` with these variables; whatever else somebody wrote into it stays."""
    own = re.compile(f"^({'|'.join(variables)})=")
    kept = [line for line in existing.splitlines() if not own.match(line)]
    return "".join(f"{line}\n" for line in (*kept, *(f"{name}={value}" for name, value in variables.items())))


def current_profile(environment: str) -> str | None:
    """The profile that `.env` names."""
    found = re.search(r"^MINSHENG_PROFILE=(\w+)$", environment, re.MULTILINE)
    return found.group(1) if found else None


def docker_problem() -> str | None:
    """No Docker, or a Compose that cannot read the file."""
    docker = shutil.which("docker")
    if docker is None:
        return "there is no `docker` on this machine: install Docker Engine and its Compose plugin"
    asked = subprocess.run(
        [docker, "compose", "version", "--short"], capture_output=True, text=True, check=False
    )
    found = re.match(r"v?(\d+)\.(\d+)", asked.stdout)
    if found is None or (int(found.group(1)), int(found.group(2))) < OLDEST_COMPOSE:
        said = asked.stdout.strip() or "no plugin"
        return f"Docker Compose is {said}: {'.'.join(map(str, OLDEST_COMPOSE))} or newer is needed"
    return None


def main() -> int:
    parser = argparse.ArgumentParser(prog="python3 -m infra.docker", description=__doc__)
    parser.add_argument("--profile", choices=[*PROFILES], help="how large; full unless .env says otherwise")
    chosen = parser.parse_args().profile
    problem = docker_problem()
    if problem:
        sys.stderr.write(f"{problem}\n")
        return 1
    existing = ENVIRONMENT.read_text(encoding="utf-8") if ENVIRONMENT.exists() else ""
    profile = chosen or current_profile(existing) or "full"
    folder = Path(os.environ.get("MINSHENG_SECRETS", FOLDER))
    made = make_secrets(
        folder, wanted_secrets((REPOSITORY / "docker-compose.yml").read_text(encoding="utf-8"))
    )
    ENVIRONMENT.write_text(environment_text(existing, PROFILES[profile].variables(profile)), encoding="utf-8")
    sys.stdout.write(
        f"secrets: {f'{len(made)} made' if made else 'all there'} ({folder})\n"
        f"profile: {profile} ({ENVIRONMENT})\n"
        "next: docker compose up -d --wait\n"
        "gateway: https://127.0.0.1:28080/ whom to trust: docker compose cp gateway:"
        "/var/lib/minsheng/certificates/ca.pem .\n"
        f"dashboards: http://127.0.0.1:28088/ user operator, password in {folder / 'superset_operator'}\n"
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
