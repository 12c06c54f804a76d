"""What stands in the way is said at once, each with its remedy."""

from __future__ import annotations

from dataclasses import replace

import pytest

from infra.install.errors import MachineNotReady
from infra.install.machine import GIB, Machine
from infra.install.packages import cannot_install, is_present
from infra.install.preflight import GOALS, JAVA, MAVEN, problems

GOOD = Machine("Debian 12", True, (3, 11), 24 * GIB, 20 * GIB, 60 * GIB, is_root=True, has_sudo=False)


def test_a_good_machine_has_no_problems() -> None:
    assert problems(GOOD, GOALS["demo"], installs=True) == []


@pytest.mark.parametrize(
    ("bad", "said"),
    [
        (replace(GOOD, python=(3, 12)), "this is Python 3.12"),
        (replace(GOOD, disk_free=GIB), "1.0 GiB are free"),
        (replace(GOOD, memory_total=4 * GIB), "4.0 GiB of memory"),
    ],
)
def test_each_lack_is_named_with_what_to_do(bad: Machine, said: str) -> None:
    (problem,) = problems(bad, GOALS["demo"], installs=True)
    assert said in str(problem)
    assert "what to do: " in str(problem)


def test_all_lacks_are_said_together() -> None:
    bad = replace(GOOD, python=(3, 13), disk_free=0, memory_total=GIB)
    found = problems(bad, GOALS["test"], installs=True)
    assert len(found) == 3
    assert str(MachineNotReady(found)).count("what to do: ") == 3


def test_disk_is_asked_for_only_while_something_is_to_be_fetched() -> None:
    assert problems(replace(GOOD, disk_free=GIB), GOALS["demo"], installs=False) == []


def test_the_quick_check_runs_on_a_small_machine() -> None:
    assert problems(replace(GOOD, memory_total=2 * GIB), GOALS["check"], installs=False) == []


def test_elsewhere_than_debian_it_says_what_to_install() -> None:
    problem = cannot_install([JAVA, MAVEN], replace(GOOD, system="Fedora 43", is_debian=False))
    assert "missing: Java 17, Apache Maven (mvn); this is Fedora 43" in str(problem)


def test_without_root_and_sudo_it_says_the_command() -> None:
    problem = cannot_install([JAVA], replace(GOOD, is_root=False))
    assert "apt-get install -y --no-install-recommends openjdk-17-jre-headless" in str(problem)


def test_with_sudo_a_user_may_install() -> None:
    assert cannot_install([JAVA], replace(GOOD, is_root=False, has_sudo=True)) is None


def test_every_package_of_every_goal_can_be_looked_for() -> None:
    for goal in GOALS.values():
        for package in goal.packages:
            assert is_present(package) in (True, False)
