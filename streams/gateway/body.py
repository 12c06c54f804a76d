"""A request's body within its limits: on the wire, in time, and after gunzip."""

from __future__ import annotations

import asyncio
import zlib
from dataclasses import dataclass

from starlette.requests import Request

from streams.gateway.answers import Problem

_GZIP = 16 + zlib.MAX_WBITS


@dataclass(frozen=True)
class Limits:
    """Bytes on the wire, bytes after gunzip, events of a batch, levels of JSON, seconds of a request."""

    body_bytes: int
    inflated_bytes: int
    batch: int
    depth: int
    seconds: float


async def read_body(request: Request, limits: Limits) -> bytes:
    """The body, gunzipped where the request says so. Raises Problem; nothing beyond a limit is kept."""
    encoding = request.headers.get("content-encoding", "identity").strip().lower()
    if encoding not in ("identity", "gzip", "x-gzip"):
        raise Problem("content_encoding")
    _refuse_length(request.headers.get("content-length"), limits.body_bytes)
    try:
        async with asyncio.timeout(limits.seconds):
            body = await _read(request, limits.body_bytes)
    except TimeoutError as error:
        raise Problem("slow_body", f"{limits.seconds:g} s") from error
    if encoding != "identity":
        body = gunzip(body, limits.inflated_bytes)
    if not body:
        raise Problem("empty_body")
    return body


def gunzip(body: bytes, limit: int) -> bytes:
    """The content of one or more gzip members. Raises Problem; at most `limit` bytes are ever held."""
    content = bytearray()
    while body:
        member = zlib.decompressobj(_GZIP)
        try:
            content += member.decompress(body, limit + 1 - len(content))
        except zlib.error as error:
            raise Problem("bad_gzip") from error
        if len(content) > limit:
            raise Problem("inflated_too_large", f"more than {limit} bytes")
        if not member.eof:
            raise Problem("bad_gzip", "truncated")
        body = member.unused_data
    return bytes(content)


def _refuse_length(length: str | None, limit: int) -> None:
    if length is None:
        return
    if not (length.isascii() and length.isdigit()):
        raise Problem("bad_length")
    if int(length[:19]) > limit:
        raise Problem("body_too_large", f"more than {limit} bytes")


async def _read(request: Request, limit: int) -> bytes:
    body = bytearray()
    async for part in request.stream():
        body += part
        if len(body) > limit:
            raise Problem("body_too_large", f"more than {limit} bytes")
    return bytes(body)
