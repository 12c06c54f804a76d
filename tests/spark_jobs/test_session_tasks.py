"""How many tasks a session runs at the same time."""

from __future__ import annotations

import pytest

from spark_jobs.session import with_tasks


@pytest.mark.parametrize(
    ("master", "tasks"),
    [("local[2]", "local[4]"), ("local[8]", "local[16]"), ("local[*]", "local[*]"), ("spark://a:7077",) * 2],
)
def test_two_tasks_a_core_on_this_machine_and_what_a_cluster_says(master: str, tasks: str) -> None:
    assert with_tasks(master, 2) == tasks


def test_one_task_a_core_is_what_was_set() -> None:
    assert with_tasks("local[2]", 1) == "local[2]"
