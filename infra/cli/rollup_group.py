"""All commands of `minsheng rollup`: of days, and of ranges of days that somebody reviews."""

from __future__ import annotations

from infra.cli import backfill, rollup

app = rollup.app
backfill.register(app)
