"""The gateway as an ASGI application: one route that takes events, and what stands around it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress

import psycopg
import structlog
from fastapi import FastAPI, Request, Response
from starlette.exceptions import HTTPException

from streams.acknowledgements import Acknowledgements
from streams.admission import UNKNOWN_SOURCE
from streams.contract.model import Contract
from streams.errors import KafkaAway, KeysUnreadable
from streams.gateway import openapi
from streams.gateway.access_log import AccessLog
from streams.gateway.answers import (
    Problem,
    event_answer,
    json_response,
    problem_response,
    refused_response,
)
from streams.gateway.body import Limits, read_body
from streams.gateway.current import Current
from streams.gateway.docs import add_docs
from streams.gateway.intake import Intake, Judged
from streams.gateway.keys import ApiKey, Keys
from streams.gateway.modes import Incoming, read_events
from streams.kafka_sender import KafkaSender, Patience
from streams.refusals import Refusals
from streams.settings import Settings

log = structlog.get_logger()

COUNTS_SECONDS = 1.0
STOP_SECONDS = 1.0  # for what the server's own period of grace left open


class Gateway:
    """What lives as long as the process: contracts, keys, the way to Kafka, counts of refused and taken."""

    def __init__(self, settings: Settings) -> None:
        self.limits = Limits(
            settings.gateway_max_body_bytes,
            settings.gateway_max_inflated_bytes,
            settings.gateway_max_batch,
            settings.gateway_max_depth,
            settings.gateway_timeout_seconds,
        )
        self.current = Current(settings)
        self.keys = Keys(settings.secrets_dir)
        self.refusals = Refusals(settings.postgres_dsn)
        self.acknowledgements = Acknowledgements(settings.postgres_dsn, "gateway")
        patience = Patience(settings.gateway_acknowledge_seconds)
        self.sender = KafkaSender(settings, name="gateway", principal="gateway", patience=patience)
        self.intake = Intake(lambda: self.current.admission, self.sender)
        self.poll_seconds = settings.gateway_poll_seconds

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        self.intake.start()
        stopping = asyncio.Event()
        looking = asyncio.create_task(self.current.keep_looking(self.poll_seconds))
        writing = asyncio.create_task(self._keep_writing_counts(stopping))
        try:
            yield
        finally:
            await self.intake.stop(STOP_SECONDS)
            looking.cancel()
            stopping.set()
            with suppress(KafkaAway):  # every request was answered: nobody was told yes for what is left
                await asyncio.to_thread(self.sender.close, STOP_SECONDS)
            await writing
            self.current.close()

    async def take(self, incoming: Incoming, key: ApiKey) -> list[Judged]:
        """What became of the events of a request. Raises Problem."""
        try:
            async with asyncio.timeout(self.limits.seconds):
                judged = await self.intake.take(incoming.events, key.allows)
        except TimeoutError as error:
            raise Problem("timeout", f"{self.limits.seconds:g} s") from error
        refused = [one.verdict for one in judged if one.verdict.reasons]
        self.refusals.add((verdict.source, verdict.reasons[0].code) for verdict in refused)
        self.acknowledgements.add((one.verdict.source, one.outcome) for one in judged)
        return judged

    def _write_counts(self) -> None:
        try:
            self.refusals.write()
            self.acknowledgements.write()
        except psycopg.Error as error:
            log.warning("counts_not_written", error=str(error).strip(), next="kept, and tried again")

    async def _keep_writing_counts(self, stopping: asyncio.Event) -> None:
        """Until it stops, and then once more: uvicorn ends the process at once, whatever its threads do."""
        while not stopping.is_set():
            with suppress(TimeoutError):
                await asyncio.wait_for(stopping.wait(), COUNTS_SECONDS)
            await asyncio.to_thread(self._write_counts)


def create_app(settings: Settings) -> FastAPI:
    """The application; everything it needs is reached when it starts, or retried until it is there."""
    gateway = Gateway(settings)

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        async with gateway.running():
            yield

    app = FastAPI(**openapi.ABOUT, lifespan=lifespan, docs_url=None, redoc_url=None)
    app.add_middleware(AccessLog)
    add_docs(app)

    @app.exception_handler(Problem)
    async def problem(request: Request, error: Problem) -> Response:
        request.state.access["code"] = error.code
        return problem_response(error)

    @app.exception_handler(HTTPException)
    async def misdirected(request: Request, error: HTTPException) -> Response:
        # Of the framework: an address that is none, or a method that an address does not take.
        code = "not_found" if error.status_code == 404 else "method_not_allowed"  # noqa: PLR2004 (Not Found)
        request.state.access["code"] = code
        answer = problem_response(Problem(code))
        answer.headers.update(error.headers or {})
        return answer

    @app.exception_handler(Exception)
    async def internal(_: Request, __: Exception) -> Response:
        # Only the answer: the exception itself goes on to the server, which logs it with its traceback.
        return problem_response(Problem("internal"))

    @app.post("/v1/events", **openapi.EVENTS)
    async def events(request: Request) -> Response:
        key = _authenticate(request, gateway.keys)
        access = request.state.access
        access["key"] = key.name
        body = await read_body(request, gateway.limits)
        try:
            incoming = read_events(_headers(request), body, gateway.limits)
        except Problem as error:
            gateway.refusals.add([(UNKNOWN_SOURCE, error.code)])
            raise
        judged = await gateway.take(incoming, key)
        access["events"] = len(judged)
        return _answer(incoming, judged, gateway.current.admission.contracts)

    @app.get("/health", **openapi.HEALTH)
    async def health() -> dict[str, str]:
        return {"status": "ok"}

    @app.get("/ready", **openapi.READY)
    async def ready() -> Response:
        waits_for = await asyncio.to_thread(_waits_for, gateway)
        return json_response(503 if waits_for else 200, {"ready": not waits_for, "waits_for": waits_for})

    app.openapi().setdefault("components", {})["securitySchemes"] = openapi.SECURITY_SCHEMES
    return app


def _authenticate(request: Request, keys: Keys) -> ApiKey:
    scheme, _, bearer = request.headers.get("authorization", "").partition(" ")
    presented = bearer.strip() if scheme.lower() == "bearer" else request.headers.get("x-api-key", "").strip()
    if not presented:
        raise Problem("no_key")
    try:
        key = keys.find(presented)
    except KeysUnreadable as error:
        log.error("keys_unreadable", error=str(error))
        raise Problem("keys_unreadable") from error
    if key is None:
        raise Problem("bad_key")
    return key


def _headers(request: Request) -> list[tuple[str, str]]:
    return [(name.decode("latin-1").lower(), value.decode("latin-1")) for name, value in request.headers.raw]


def _answer(incoming: Incoming, judged: list[Judged], contracts: Mapping[str, Contract]) -> Response:
    answers = [event_answer(one.verdict, one.status, contracts) for one in judged]
    away = next((one.outcome for one in judged if isinstance(one.outcome, KafkaAway)), None)
    if away is not None:
        return problem_response(Problem("kafka_away", str(away)), events=answers)
    if incoming.mode == "batched":
        taken = sum(answer["status"] == 202 for answer in answers)  # noqa: PLR2004 (Accepted)
        body = {"accepted": taken, "refused": len(answers) - taken, "events": answers}
        return json_response(207, body)
    return json_response(202, answers[0]) if answers[0]["status"] == 202 else refused_response(answers[0])  # noqa: PLR2004 (Accepted)


def _waits_for(gateway: Gateway) -> list[str]:
    faults = [gateway.current.fault] if gateway.current.fault else []
    try:
        gateway.current.admission  # noqa: B018 (raises Problem while there is none)
    except Problem as error:
        faults.append(error.detail or error.code)
    try:
        gateway.sender.reach()
    except KafkaAway as error:
        faults.append(str(error))
    return faults
