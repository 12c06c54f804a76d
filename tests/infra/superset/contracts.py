"""The contracts that these tests derive dashboards from: the platform's, a real city's, a hostile one."""

from __future__ import annotations

from streams.contract.loader import load_contracts, parse_contract
from streams.contract.model import Contract
from streams.settings import REPOSITORY
from tests.core_sources import as_written

TITLE = "it's <b>50%</b> :x {{ 7*7 }} \\' 用餐"


def own() -> dict[str, Contract]:
    """Three of the platform's own contracts."""
    return as_written()


def city() -> dict[str, Contract]:
    """All of the platform's own contracts."""
    return dict(load_contracts(REPOSITORY / "streams" / "contracts"))


def hostile() -> Contract:
    """A contract whose titles and labels hold what SQL, HTML, templates and drivers might take for theirs."""
    text = (REPOSITORY / "streams" / "contracts" / "canteen_meal.yaml").read_text("utf-8")
    quoted = '"' + TITLE.replace("\\", "\\\\") + '"'
    for plain in ("用餐人次", "餐次", "老年食堂用餐", "早餐"):
        text = text.replace(f"title: {plain},", f"title: {quoted},").replace(
            f"title: {plain}\n", f"title: {quoted}\n"
        )
        text = text.replace(f"breakfast: {plain}", f"breakfast: {quoted}")
    return parse_contract(text.replace("source: canteen_meal", "source: hostile_meal"), "hostile_meal.yaml")


def every() -> dict[str, Contract]:
    """All of them by source."""
    extra = load_contracts(REPOSITORY / "tests" / "contracts_extra")
    strange = hostile()
    return {**own(), **extra, strange.source: strange}
