"""One command makes secrets and .env; what is there already stays."""

from __future__ import annotations

import shutil
import stat
import subprocess
import sys
from pathlib import Path

from infra.docker.__main__ import current_profile, environment_text, make_secrets, wanted_secrets
from infra.docker.profiles import PROFILES
from streams.settings import REPOSITORY
from tests.infra.docker.compose_file import COMPOSE, DOCKERFILE


def test_secrets_are_made_once_and_only_containers_can_read_them(tmp_path: Path) -> None:
    folder, names = tmp_path / "of" / "secrets", wanted_secrets(COMPOSE)
    assert make_secrets(folder, names) == names
    first = {file.name: file.read_text(encoding="ascii") for file in folder.iterdir()}
    assert first.keys() == set(names)
    assert len(set(first.values())) == len(names)
    assert min(len(value.strip()) for value in first.values()) >= 22
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    (folder / names[0]).unlink()
    assert make_secrets(folder, names) == [names[0]]
    again = {file.name: file.read_text(encoding="ascii") for file in folder.iterdir()}
    assert [name for name in names if again[name] != first[name]] == [names[0]]


def test_the_environment_file_keeps_what_somebody_wrote_into_it() -> None:
    mine = "MINSHENG_GATEWAY_PUBLISHED=0.0.0.0:8080\n"
    full = environment_text(mine, PROFILES["full"].variables("full"))
    core = environment_text(full, PROFILES["core"].variables("core"))
    assert full.startswith(mine)
    assert (current_profile(mine), current_profile(full), current_profile(core)) == (None, "full", "core")
    assert environment_text(core, PROFILES["core"].variables("core")) == core
    assert core.count("COMPOSE_PROFILES=") == 1


def test_without_docker_it_says_so_and_makes_nothing(tmp_path: Path) -> None:
    ended = subprocess.run(
        [sys.executable, "-m", "infra.docker"],
        cwd=REPOSITORY,
        env={"PATH": str(tmp_path), "MINSHENG_SECRETS": str(tmp_path / "secrets")},
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode == 1
    assert "there is no `docker` on this machine" in ended.stderr
    assert not (tmp_path / "secrets").exists()


def test_it_needs_nothing_but_the_standard_library() -> None:
    """On a machine that runs containers there is no environment of ours."""
    command = "import sys; sys.path.insert(0, '.'); import infra.docker.__main__"
    subprocess.run([sys.executable, "-I", "-S", "-c", command], cwd=REPOSITORY, check=True)


def test_what_runs_in_the_small_images_needs_nothing_but_the_standard_library(tmp_path: Path) -> None:
    """... and no file that their stage of the Dockerfile does not copy."""
    database = ["infra.docker.database", "infra.docker.database_tls", "infra.docker.check"]
    modules = {"kafka": ["infra.docker.broker"], "postgres": database}
    for stage, needed in modules.items():
        image = tmp_path / stage
        for path in copied(stage):
            target = image / path
            target.parent.mkdir(parents=True, exist_ok=True)
            if (REPOSITORY / path).is_dir():
                shutil.copytree(REPOSITORY / path, target, ignore=shutil.ignore_patterns("__pycache__"))
            else:
                shutil.copy(REPOSITORY / path, target)
        command = f"import sys; sys.path.insert(0, '.'); import infra.docker.healthy, {', '.join(needed)}"
        subprocess.run([sys.executable, "-I", "-S", "-B", "-c", command], cwd=image, check=True)


def copied(stage: str) -> list[str]:
    """What a stage of the Dockerfile copies from this repository."""
    text = DOCKERFILE.split(f" AS {stage}\n")[1].split("\nFROM ")[0]
    lines = [line.split()[1:-1] for line in text.splitlines() if line.startswith("COPY ")]
    return [path for paths in lines if not paths[0].startswith("--") for path in paths]
