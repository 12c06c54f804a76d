"""What a part was defined as arrives at its process, whatever stands in it."""

from __future__ import annotations

import configparser
import json
import subprocess
import sys
from pathlib import Path

import pytest

from infra.local import launch
from infra.local.environment import stack_environment
from infra.local.folders import make_folders, socket_path
from infra.local.part import STOP_SECONDS, Part
from infra.local.supervisor import configuration, definitions_file, write_configuration
from streams.settings import Settings

HOSTILE = {
    "QUOTES": """it's "quoted" `twice` $HOME""",
    "COMMENTS": "a ;b #c",
    "PERCENT": "100%(ENV_HOME)s %%",
    "LINES": "one\ntwo",
    "CHINESE": "民生，平台",
    "COMMA": "a=b,c=d",
    "EMPTY": "",
}


def part(**changes: object) -> Part:
    defaults = {"name": "echo", "title": "回声", "command": ("true",), "healthy": lambda: None}
    return Part(**{**defaults, **changes})  # type: ignore[arg-type]


@pytest.fixture
def place(tmp_path: Path) -> Settings:
    settings = Settings(home=tmp_path / "home")
    make_folders(settings)
    return settings


def test_arguments_and_environment_arrive_as_they_were_written(place: Settings) -> None:
    script = "import json, os, sys; print(json.dumps([sys.argv[1:], dict(os.environ), os.getcwd()]))"
    echo = part(
        command=(sys.executable, "-c", script, *HOSTILE.values()), environment=HOSTILE, directory=place.home
    )
    write_configuration(place, [echo], {"PATH": "/usr/bin", "COMMON": "1"})
    shown = subprocess.run(
        [sys.executable, launch.__file__, definitions_file(place), "echo"],
        env={"SUPERVISORS_OWN": "1"}, capture_output=True, text=True, check=True,
    )  # fmt: skip
    arguments, environment, folder = json.loads(shown.stdout)
    assert arguments == list(HOSTILE.values())
    assert environment.items() >= {**HOSTILE, "COMMON": "1", "MINSHENG_PART": "echo"}.items()
    assert "SUPERVISORS_OWN" not in environment
    assert folder == str(place.home)


def test_the_configuration_says_how_a_part_is_kept_and_stopped(place: Settings) -> None:
    parser = configparser.RawConfigParser()
    parser.read_string(configuration(place, [part(stop_signal="INT", stops_group=False)], {}))
    program = parser["program:echo"]
    assert program["autorestart"] == "true"
    assert (program["stopsignal"], program["stopwaitsecs"]) == ("INT", str(STOP_SECONDS))
    assert (program["stopasgroup"], program["killasgroup"]) == ("false", "true")
    assert program["stdout_logfile_maxbytes"] == "20000000"
    assert parser["unix_http_server"]["chmod"] == "0700"


@pytest.mark.parametrize(
    "changed", [{"command": ("false",)}, {"environment": {"A": "2"}}, {"directory": Path("/tmp")}]
)
def test_a_changed_definition_changes_the_configuration(place: Settings, changed: dict[str, object]) -> None:
    before = configuration(place, [part(environment={"A": "1"})], {})
    assert configuration(place, [part(environment={"A": "1"})], {}) == before
    assert configuration(place, [part(**{"environment": {"A": "1"}, **changed})], {}) != before


def test_nobody_else_can_read_what_parts_are_given(place: Settings) -> None:
    path = write_configuration(place, [part(environment={"PASSWORD": "x"})], {})
    assert {file.stat().st_mode & 0o777 for file in (path, definitions_file(place))} == {0o600}
    assert "PASSWORD" not in path.read_text(encoding="utf-8")


@pytest.mark.parametrize("name", ['quo"te', "a ;b", "a #b"])
def test_a_path_that_supervisor_cannot_read_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(ValueError, match="supervisor cannot read"):
        configuration(Settings(home=tmp_path / name), [part()], {})


def test_a_long_home_has_its_socket_elsewhere(tmp_path: Path) -> None:
    near, far = Settings(home=tmp_path), Settings(home=tmp_path / ("long" * 30))
    assert socket_path(far).parent.name.startswith("minsheng-")
    assert len(str(socket_path(far))) < 100
    assert socket_path(far) != socket_path(Settings(home=tmp_path / ("long" * 31)))
    assert socket_path(near).is_relative_to(tmp_path)


def test_another_terminal_is_no_other_environment() -> None:
    one = {
        "MINSHENG_KAFKA_HEAP": "1g",
        "HOME": "/root",
        "TERM": "xterm",
        "PATH": "/a",
        "SSH_TTY": "/dev/pts/1",
    }
    two = {"MINSHENG_KAFKA_HEAP": "1g", "HOME": "/root", "TERM": "dumb", "PATH": "/b", "MINSHENG_PART": "x"}
    assert stack_environment(one, None) == stack_environment(two, None)
    assert stack_environment({**one, "MINSHENG_KAFKA_HEAP": "2g"}, None) != stack_environment(one, None)
