"""Simulated events over HTTP, through the gateway, as a department's system would send them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import httpx
import orjson
from tenacity import retry, retry_if_exception_type, stop_after_delay, wait_exponential

from streams.contract.model import Contract
from streams.envelope import Reason
from streams.judge.uniqueness import CODE as ACROSS_EVENTS
from streams.settings import Settings
from streams.simulator.day import Sending
from streams.simulator.errors import GatewayAway, SimulatedWrongly
from streams.simulator.faults import Event, Fault, as_bytes
from streams.trust import trust

BATCH_TYPE = "application/cloudevents-batch+json"
EVENT_TYPE = "application/cloudevents+json"
MULTI_STATUS, ACCEPTED, CLIENT_ERRORS = 207, 202, range(400, 500)
IMPATIENT_SECONDS = 30


class GatewayWay:
    """Posts in order; what the gateway has answered is acknowledged. Not for several threads."""

    def __init__(self, settings: Settings, url: str | None = None) -> None:
        self._url = (url or settings.gateway_url) + "/v1/events"
        self._batch = min(500, settings.gateway_max_batch)
        key = settings.secret("gateway_api_key")
        self._client = httpx.Client(
            headers={"Authorization": f"Bearer {key}"},
            timeout=IMPATIENT_SECONDS,
            trust_env=False,
            verify=trust(settings)
            if self._url.startswith("https")
            else False,  # plain HTTP has nothing to check
        )

    def send(self, contract: Contract, sendings: Sequence[Sending]) -> None:
        """Post events of one source. Raises GatewayAway, SimulatedWrongly."""
        right = [sending.event for sending in sendings if sending.fault is None]
        for events in (right[first : first + self._batch] for first in range(0, len(right), self._batch)):
            answer = self._post(orjson.dumps(events), BATCH_TYPE)
            if answer.status_code != MULTI_STATUS:
                raise self._away(answer)
            for verdict in answer.json()["events"]:
                if verdict["status"] != ACCEPTED:
                    raise SimulatedWrongly(contract.source, verdict["id"], _reasons(verdict))
        for sending in sendings:
            if sending.fault is not None:
                self._send_faulty(contract, sending.event, sending.fault)

    def settle(self) -> None:
        """Nothing is open: every request was answered."""

    def close(self) -> None:
        """Disconnect."""
        self._client.close()

    def _send_faulty(self, contract: Contract, event: Event, fault: Fault) -> None:
        """A faulty event must be refused; anything else is a mistake of the simulator or of the gateway.

        But one that breaks a rule across events is taken: the gateway sees each event alone.
        """
        answer = self._post(as_bytes(event, fault), EVENT_TYPE)
        if fault.code.startswith(ACROSS_EVENTS):
            if answer.status_code != ACCEPTED:
                raise self._away(answer)
        elif answer.status_code not in CLIENT_ERRORS:
            reason = Reason(fault.code, fault.field, f"answered {answer.status_code}, not refused")
            raise SimulatedWrongly(contract.source, str(event.get("id")), [reason])

    @retry(
        retry=retry_if_exception_type(GatewayAway),
        stop=stop_after_delay(IMPATIENT_SECONDS),
        wait=wait_exponential(multiplier=0.2, max=5),
        reraise=True,
    )
    def _post(self, body: bytes, content_type: str) -> httpx.Response:
        try:
            answer = self._client.post(self._url, content=body, headers={"Content-Type": content_type})
        except httpx.HTTPError as error:
            raise GatewayAway(
                f"{self._url} does not answer ({type(error).__name__}: {error})."
                " Is it running (`minsheng status`)?"
            ) from error
        if answer.is_server_error:
            raise self._away(answer)
        return answer

    def _away(self, answer: httpx.Response) -> GatewayAway:
        return GatewayAway(
            f"{self._url} answered {answer.status_code}: {answer.text[:300]}."
            " Look at `minsheng logs gateway`."
        )


def _reasons(verdict: dict[str, Any]) -> list[Reason]:
    return [
        Reason(reason["code"], reason["field"], reason["reason"]) for reason in verdict.get("reasons", ())
    ]
