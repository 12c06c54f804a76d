"""The Chinese text of any reason for which a way in refuses an event.

The judge's catalogue, and the codes that only a way in knows, because the judge never sees them.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from streams.contract.model import Contract
from streams.envelope import Reason
from streams.judge import reasons

UNKNOWN_SOURCE_TITLE = "未知来源"

EDGE_TEXTS: Mapping[str, str] = MappingProxyType(
    {
        "forbidden_source": "该密钥无权报送这一来源的事件",
        "too_many_cells": "该行的列数多于表头",
        "unreadable_cell": "该行含有过长的单元格",
    }
)


def reason_text(reason: Reason, contract: Contract | None) -> str:
    """What an operator or a sender reads; `contract` knows the titles of source and field."""
    return EDGE_TEXTS.get(reason.code) or reasons.text(reason, contract, source=UNKNOWN_SOURCE_TITLE)
