"""Where the lake is: one table of events, as they were received."""

from __future__ import annotations

TABLE = "events"
"""Its folder below settings.lake_dir."""
