"""The core sources as they are or without their rules across events, and copies of one under other names."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

from streams.contract.loader import load_contract, parse_contract
from streams.contract.model import Contract
from streams.settings import REPOSITORY

CORE = ("canteen_meal", "station_visit", "subsidy_payout")
_COPIED = CORE[0]
# Rules across events would reject most of what is made from three examples, and no plain count knows them.
_NOT_MEASURED = "unique|life_cycle"


def core(folder: Path) -> dict[str, Contract]:
    """The core sources of that folder, without their rules across events."""
    return {source: _rewritten(_text(folder, source), source) for source in CORE}


def as_written() -> dict[str, Contract]:
    """The core sources as they are; tests/contracts is about every source."""
    folder = REPOSITORY / "streams" / "contracts"
    return {source: load_contract(folder / f"{source}.yaml") for source in CORE}


def copies(folder: Path, count: int) -> dict[str, Contract]:
    """So many contracts that differ in nothing but their name."""
    names = [f"bench_{number:02}" for number in range(1, count + 1)]
    return {name: _rewritten(_text(folder, _COPIED), name) for name in names}


def chosen(folder: Path, count: int) -> Mapping[str, Contract]:
    """`count` copies; 0: the core sources."""
    return copies(folder, count) if count else core(folder)


def _text(folder: Path, source: str) -> str:
    return (folder / f"{source}.yaml").read_text(encoding="utf-8")


def _rewritten(text: str, source: str) -> Contract:
    text = re.sub(r"(?m)^source:.*$", f"source: {source}", text)
    text = re.sub(rf"(?m)^(?:{_NOT_MEASURED}):.*\n(?:(?:[ #].*)?\n)*", "", text)
    text = re.sub(r"(?m)^  bad:.*\n(?:(?:    .*|)\n)*", "", text)
    return parse_contract(text, f"{source}.yaml")
