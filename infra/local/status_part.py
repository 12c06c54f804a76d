"""The status page as a part of the stack."""

from __future__ import annotations

import sys

from infra.local.http_check import check_http
from infra.local.part import Part
from streams.settings import Settings


def status_part(settings: Settings) -> Part:
    """One page for all parts; it needs none of them, so that it is there when they are not."""
    return Part(
        name="status",
        title="状态页",
        command=(sys.executable, "-m", "infra.local.status_page"),
        healthy=lambda: check_http(f"http://127.0.0.1:{settings.status_port}/live"),
        ports={"MINSHENG_STATUS_PORT": settings.status_port},
        memory_mib=120,
    )
