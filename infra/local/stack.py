"""The local stack of one installation: brought up, taken down, asked."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from rich.console import Console

from infra.install.java import find_java
from infra.local.bring_up import BringUp, in_order
from infra.local.control import Control
from infra.local.display import Display
from infra.local.environment import stack_environment
from infra.local.errors import NotReady
from infra.local.folders import logs_dir, make_folders
from infra.local.leftovers import stop_leftovers
from infra.local.part import STOP_SECONDS, Part
from infra.local.parts import all_parts, chosen
from infra.local.ready import obstacles
from infra.local.secrets import make_secrets
from infra.local.status import PartStatus, statuses
from infra.local.supervisor import write_configuration
from infra.postgres.prepare import prepare_database
from infra.security.certificates import make_certificates
from streams.settings import Settings

# supervisor looks once a second whether a process has ended in its time
ROUND_SECONDS = STOP_SECONDS + 1
# for what left its part's group, as a rollup that a task of Airflow had started
LEFTOVER_SECONDS = 1


@dataclass(frozen=True)
class Rehearsal:
    """What bringing up would come to: parts that would start, parts that run, and what stands in the way."""

    starting: list[str]
    running: list[str]
    obstacles: list[str]


@dataclass(frozen=True)
class Stack:
    """`environment` is the caller's: settings and the way to Java are taken from it."""

    settings: Settings
    environment: Mapping[str, str]
    console: Console

    @classmethod
    def of(cls, settings: Settings, console: Console) -> Stack:
        return cls(settings, os.environ, console)

    @property
    def control(self) -> Control:
        return Control(self.settings)

    def up(self, names: Sequence[str] = ()) -> None:
        """Bring up the named parts and all they need (none named: all); what runs and works is left alone.

        Raises NotReady before anything starts, PartFailed when a part does not become healthy.
        """
        make_folders(self.settings)
        make_secrets(self.settings)
        if self.settings.is_secure:
            make_certificates(self.settings, datetime.now(UTC))
        parts = all_parts(self.settings)
        wanted = chosen(parts, names)
        self._supervise(parts, wanted)
        if not self.settings.postgres_local:
            prepare_database(self.settings)
        with Display(in_order(wanted), self.console) as display:
            BringUp(self.control, logs_dir(self.settings), display).run(wanted)

    def rehearsed(self, names: Sequence[str] = ()) -> Rehearsal:
        """What `up` would do with those parts: nothing is started, and no secret is made."""
        wanted, kept = in_order(chosen(all_parts(self.settings), names)), self.control.kept()
        missing = [part for part in wanted if part.name not in kept]
        running = [part.name for part in wanted if part.name in kept]
        return Rehearsal([part.name for part in missing], running, obstacles(self.settings, missing))

    def running(self) -> list[str]:
        """Parts that `down` would stop, of a supervisor that answers."""
        kept = self.control.kept()
        return [part.name for part in all_parts(self.settings) if part.name in kept]

    def down(self) -> list[str]:
        """Stop everything, those first that need others; gives back what was stopped."""
        control, parts = self.control, all_parts(self.settings)
        if not control.is_up():
            return [str(pid) for pid in stop_leftovers(self.settings, parts)]
        running = control.kept()
        for group in users_then_servers(parts):
            control.stop_parts([part.name for part in group if part.name in running], ROUND_SECONDS)
        control.shut_down()
        stop_leftovers(self.settings, parts, LEFTOVER_SECONDS)
        return [part.name for part in parts if part.name in running]

    def statuses(self) -> list[PartStatus]:
        """The state of every part."""
        return statuses(self.control, all_parts(self.settings))

    def _supervise(self, parts: Sequence[Part], wanted: Sequence[Part]) -> None:
        """Have a supervisor that knows all parts as they are defined now."""
        control = self.control
        is_up = control.is_up()
        if not is_up:
            ended = stop_leftovers(self.settings, parts)
            if ended:
                self.console.print(
                    f"  ended {len(ended)} processes that a killed supervisor had left running"
                )
        running = control.kept()
        found = obstacles(self.settings, [part for part in wanted if part.name not in running])
        if found:
            raise NotReady("\n".join(found), "see above; `minsheng doctor` looks at everything")
        environment = stack_environment(self.environment, find_java(self.environment))
        configuration = write_configuration(self.settings, parts, environment)
        if not is_up:
            control.start(configuration, environment)
            return
        changed = control.load(lambda name: control.stop_parts([name], ROUND_SECONDS))
        if changed_running := [name for name in changed if name in running]:
            self.console.print(f"  defined anew, and therefore started again: {', '.join(changed_running)}")
            names = {part.name for part in wanted}
            for name in changed_running:
                if name not in names:
                    control.start_part(name)


def users_then_servers(parts: Sequence[Part]) -> list[list[Part]]:
    """Parts in the order of stopping: those that need others all at once, then those that need nothing."""
    return [[part for part in parts if part.needs], [part for part in parts if not part.needs]]


def log_of(settings: Settings, name: str) -> Path:
    """The log file of a part."""
    return logs_dir(settings) / f"{name}.log"
