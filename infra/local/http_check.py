"""Whether an HTTP server of the stack answers: asked directly, whatever proxy the environment names."""

from __future__ import annotations

import ssl

import httpx

from infra.local.errors import NotHealthy

ANSWER_SECONDS = 3


def check_http(url: str, verify: ssl.SSLContext | bool = True) -> None:
    """Return when a GET is answered by 200; `verify`: whom to trust over HTTPS. Raises NotHealthy."""
    try:
        answer = httpx.get(url, timeout=ANSWER_SECONDS, trust_env=False, verify=verify)
    except httpx.HTTPError as error:
        raise NotHealthy(f"{url}: {type(error).__name__} {error}".rstrip()) from error
    if answer.status_code != httpx.codes.OK:
        raise NotHealthy(f"{url} answers {answer.status_code}: {answer.text[:200]}")
