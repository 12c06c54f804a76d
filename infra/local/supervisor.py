"""The configuration of supervisor, written from the parts."""

from __future__ import annotations

import hashlib
import json
import os
import resource
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from infra.local import launch
from infra.local.folders import logs_dir, run_dir, socket_path
from infra.local.part import STOP_SECONDS, Part
from infra.local.private_file import write_private
from streams.settings import Settings
from streams.version import in_one_line

# A process that ends sooner than this counts as failed to start: each next try waits a second longer.
# One that lived longer is started again at once.
SETTLED_SECONDS = 10
TRIES = 1000
LOG_BYTES, LOG_FILES = 20_000_000, 3
OPEN_FILES = 65_536

CONTROL = """\
[unix_http_server]
file = {socket}
chmod = 0700

[supervisord]
logfile = {logs}/supervisord.log
logfile_maxbytes = {log_bytes}
logfile_backups = {log_files}
pidfile = {run}/supervisord.pid
childlogdir = {logs}
directory = {run}
identifier = minsheng
minfds = {open_files}
umask = 077
{user}
[rpcinterface:supervisor]
supervisor.rpcinterface_factory = supervisor.rpcinterface:make_main_rpcinterface

[supervisorctl]
serverurl = unix://{socket}
"""

# The digest changes nothing but this text: by it supervisor sees that a part's definition is another one.
PROGRAM = """
[program:{name}]
command = "{python}" "{launch}" "{definitions}" {name}
environment = MINSHENG_DEFINITION="{digest}"
autostart = false
autorestart = true
startsecs = {settled}
startretries = {tries}
stopsignal = {stop_signal}
stopwaitsecs = {stop_seconds}
stopasgroup = {stops_group}
killasgroup = true
redirect_stderr = true
stdout_logfile = {logs}/{name}.log
stdout_logfile_maxbytes = {log_bytes}
stdout_logfile_backups = {log_files}
"""


def escaped(path: Path) -> str:
    """A path as supervisor reads it back: `%` starts an expansion there; some others it cannot carry."""
    text = str(path)
    if any(mark in text for mark in ('"', "\n", " #", " ;")):
        raise ValueError(
            f'{path}: supervisor cannot read a path with a quote, line break, " #" or " ;" in it'
        )
    return text.replace("%", "%%")


def definition(settings: Settings, part: Part, environment: Mapping[str, str]) -> dict[str, object]:
    """What `launch` needs to become that part: command, directory, environment.

    MINSHENG_PART and MINSHENG_HOME are how a process is found again that a killed supervisor left behind.
    """
    own = {**part.environment, "MINSHENG_PART": part.name, "MINSHENG_HOME": str(settings.home)}
    return {
        "command": list(part.command),
        "directory": str(part.directory),
        "environment": {**environment, **own},
    }


def _said_for(settings: Settings, part: Part) -> str:
    """What `launch` says before it becomes a server of others; our own services say it themselves. Not a part
    of the definition: another version of the code alone starts nothing again."""
    is_ours = Path(part.command[0]).parent == Path(sys.executable).parent
    return "" if is_ours else in_one_line(settings, part.name)


def definitions_file(settings: Settings) -> Path:
    """Where the definitions of all parts stand for `launch`."""
    return run_dir(settings) / "parts.json"


def _program(settings: Settings, part: Part, definition: Mapping[str, object]) -> str:
    return PROGRAM.format(
        name=part.name,
        python=escaped(Path(sys.executable)),
        launch=escaped(Path(launch.__file__)),
        definitions=escaped(definitions_file(settings)),
        digest=hashlib.sha256(json.dumps(definition, sort_keys=True).encode()).hexdigest()[:16],
        settled=SETTLED_SECONDS,
        tries=TRIES,
        stop_signal=part.stop_signal,
        stop_seconds=STOP_SECONDS,
        stops_group=str(part.stops_group).lower(),
        logs=escaped(logs_dir(settings)),
        log_bytes=LOG_BYTES,
        log_files=LOG_FILES,
    )


def configuration(settings: Settings, parts: Sequence[Part], environment: Mapping[str, str]) -> str:
    """The whole configuration: the control socket and one program a part."""
    control = CONTROL.format(
        socket=escaped(socket_path(settings)),
        logs=escaped(logs_dir(settings)),
        run=escaped(run_dir(settings)),
        open_files=min(OPEN_FILES, resource.getrlimit(resource.RLIMIT_NOFILE)[1]),
        log_bytes=LOG_BYTES,
        log_files=LOG_FILES,
        user="user = root\n" if os.geteuid() == 0 else "",  # said openly, or supervisor warns at each start
    )
    programs = (_program(settings, part, definition(settings, part, environment)) for part in parts)
    return control + "".join(programs)


def write_configuration(settings: Settings, parts: Sequence[Part], environment: Mapping[str, str]) -> Path:
    """Write definitions and configuration, readable by nobody else; gives back the configuration's path."""
    definitions = {
        part.name: {**definition(settings, part, environment), "says": _said_for(settings, part)}
        for part in parts
    }
    write_private(definitions_file(settings), json.dumps(definitions, ensure_ascii=False, indent=1))
    path = run_dir(settings) / "supervisord.conf"
    write_private(path, configuration(settings, parts, environment))
    return path
