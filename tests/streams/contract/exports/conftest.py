"""Every contract that there is: the platform's, a real city's, the small ones that tests are made of."""

from __future__ import annotations

import pytest

from streams.contract.exports.asyncapi import Kafka
from streams.contract.loader import load_contract, load_contracts, parse_contract
from streams.contract.model import Contract
from streams.settings import REPOSITORY
from tests.streams.contract.seeded import SOUND

NESTED = SOUND.replace(
    "checks:\n",
    "  home:\n"
    "    title: 住址\n"
    "    type: object\n"
    "    optional: true\n"
    "    fields:\n"
    "      street: {title: 街道, type: text}\n"
    "      phone:  {title: 手机号, type: mobile, pii: tokenise, optional: true}\n"
    "  items:\n"
    "    title: 明细\n"
    "    type: list\n"
    "    optional: true\n"
    "    max_items: 5\n"
    "    fields:\n"
    "      code:  {title: 编码, type: text, pattern: '[0-9]{4}'}\n"
    "      buyer: {title: 证件号, type: cn_id, pii: tokenise}\n"
    "checks:\n",
).replace(
    "printed: '2022-01-01'}\n  bad:\n",
    "printed: '2022-01-01'}\n"
    "    - {division: '330302', kiosk: BT0002, kind: book, buyer: tk_00000000000000000000000000000002,"
    " price_fen: 200, printed: '2022-01-01', note: 'true', home: {street: '12'},"
    " items: [{code: '0012', buyer: tk_00000000000000000000000000000003}]}\n"
    "  bad:\n",
)
CONTRACTS: dict[str, Contract] = {
    **load_contracts(REPOSITORY / "streams" / "contracts"),
    **load_contracts(REPOSITORY / "tests" / "contracts_extra"),
    "kiosk_sale": parse_contract(SOUND, "kiosk_sale.yaml"),
    "nested": parse_contract(NESTED, "kiosk_sale.yaml"),
    "zoo": load_contract(REPOSITORY / "tests" / "streams" / "judge" / "zoo.yaml"),
}
KAFKA = Kafka("127.0.0.1:29092", "events.", partitions=2, replication=1)


@pytest.fixture(params=CONTRACTS.values(), ids=CONTRACTS)
def contract(request: pytest.FixtureRequest) -> Contract:
    """One of them after the other."""
    found: Contract = request.param
    return found
