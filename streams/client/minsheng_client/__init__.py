"""Send public-service events to the gateway of a Minsheng platform.

with Client("https://gateway.example.gov.cn", key="mk_...") as client:
    verdict = client.send(Event(type="parking_notice", source="/street/7", id="1", data={...}))
"""

from .client import Client
from .errors import EventRefused, GatewayAway, KeyRefused, MinshengError, RequestRefused
from .event import Event, Reason, Verdict

__all__ = [
    "Client",
    "Event",
    "EventRefused",
    "GatewayAway",
    "KeyRefused",
    "MinshengError",
    "Reason",
    "RequestRefused",
    "Verdict",
]
