"""Disks that are full: of the checkpoint, of the lake, of PostgreSQL."""

from __future__ import annotations

import time

import pytest

from tests.faults.disk import Disk
from tests.faults.trial import AWAY_SECONDS, Trial
from tests.waiting import wait_for

pytestmark = [pytest.mark.faults, pytest.mark.faults_once]

NOTICED_SECONDS = 120


def own_disk(trial: Trial, which: str) -> Disk:
    disk = trial.platform.disks[which]
    if disk.refusal:
        pytest.skip(f"no file system of its own can be mounted here: {disk.refusal}")
    return disk


@pytest.mark.parametrize("which", ["checkpoint", "postgres"])
def test_a_disk_is_full(trial: Trial, which: str) -> None:
    """The application stops loudly, however often it is started again, until there is room."""
    disk, stream = own_disk(trial, which), trial.platform.stream
    ended = len(stream.ended)
    with trial.breaking(f"disk of {which} full"), disk.full():
        wait_for(lambda: len(stream.ended) > ended, NOTICED_SECONDS)
        time.sleep(AWAY_SECONDS)
    assert 0 not in stream.ended[ended:]


def test_the_disk_of_the_lake_is_full(trial: Trial) -> None:
    """The archive says so and waits for room; the live numbers go on."""
    disk, platform = own_disk(trial, "lake"), trial.platform
    ended, logged = len(platform.stream.ended), platform.stream.log_file.stat().st_size
    with trial.breaking("disk of the lake full"), disk.full():
        wait_for(lambda: "cannot write the lake" in platform.stream.log_since(logged), NOTICED_SECONDS)
        counted = platform.counted()
        wait_for(lambda: platform.counted() > counted, NOTICED_SECONDS)
        time.sleep(AWAY_SECONDS)
    assert len(platform.stream.ended) == ended
