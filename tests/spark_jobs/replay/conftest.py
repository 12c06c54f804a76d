from __future__ import annotations

import pytest

from streams.settings import Settings
from tests.spark_jobs.replay.platform import Platform


@pytest.fixture
def platform(settings: Settings) -> Platform:
    """Meals are deployed, nothing was sent."""
    return Platform(settings)
