"""The walk through a new source, as the data engineer's page shows it."""

from __future__ import annotations

import re
import shlex

from streams.settings import REPOSITORY

PAGE = (REPOSITORY / "docs" / "data-engineer.md").read_text(encoding="utf-8")
WALK = [
    shlex.split(line)
    for line in re.findall(r"^    minsheng (.*)$", PAGE.partition("<!-- walk -->")[2], re.MULTILINE)
][:5]
"""The words of each command, without the name of the program."""


def test_the_walk_has_its_five_steps() -> None:
    steps = [" ".join(words[:2]) if words[0] == "contract" else words[0] for words in WALK]
    assert steps == ["contract new", "contract check", "contract try", "contract deploy", "import"]
