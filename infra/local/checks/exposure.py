"""Checks of what others can reach, and of what they know us by."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import psutil

from infra.local.checks.finding import Finding, Place, fine, warning, wrong
from infra.local.control import Control
from infra.security.certificates import RENEW_BEFORE, wanted
from infra.security.certificates import certificates as all_certificates

AUTHORITY_BEFORE = timedelta(days=365)
LOOPBACK_NAMES = ("localhost", "")


def listening(place: Place) -> Finding:
    """Whether anything that speaks plain text, or has no users of its own, can be reached from elsewhere."""
    settings = place.settings
    if not is_loopback(settings.gateway_host) and settings.gateway_tls is None:
        return wrong(
            f"the gateway listens on {settings.gateway_host} without TLS: keys and events can be read",
            "MINSHENG_SECURITY=tls, or MINSHENG_GATEWAY_CERTIFICATE and _KEY; or 127.0.0.1 as its host"
            " behind a proxy with TLS",
        )
    open_ports = [
        f"{name} on {address}"
        for name, address in _public(place)
        if not (name == "gateway" and settings.gateway_tls)
    ]
    if open_ports:
        return wrong(
            f"can be reached from elsewhere: {', '.join(open_ports[:5])}",
            "minsheng down, unset what moved it from loopback, minsheng up; a firewall until then",
        )
    return fine("nothing but loopback, or over TLS")


def is_loopback(host: str) -> bool:
    """Whether an address or name is only this machine's."""
    try:
        address = ipaddress.ip_address(host)
        mapped = getattr(address, "ipv4_mapped", None)  # Java binds ::ffff:127.0.0.1
        return (mapped or address).is_loopback
    except ValueError:
        return host in LOOPBACK_NAMES


def _public(place: Place) -> Iterator[tuple[str, str]]:
    """Part and address, for each socket of the running parts that listens on more than loopback."""
    control = Control(place.settings)
    states = control.states() if control.is_up() else {}
    for name, state in states.items():
        if not state.pid:
            continue
        for process in _family(state.pid):
            for socket in _listening(process):
                if not is_loopback(socket.laddr.ip):
                    yield name, f"{socket.laddr.ip}:{socket.laddr.port}"


def _family(pid: int) -> list[psutil.Process]:
    try:
        process = psutil.Process(pid)
        return [process, *process.children(recursive=True)]
    except psutil.Error:
        return []


def _listening(process: psutil.Process) -> list[Any]:
    try:
        return [each for each in process.net_connections("inet") if each.status == psutil.CONN_LISTEN]
    except psutil.Error:
        return []


def certificates(place: Place) -> Finding:
    """Whether every certificate is there, is good, and stays so for a while."""
    settings = place.settings
    if not settings.is_secure and settings.gateway_tls is None:
        return fine("none are used (MINSHENG_SECURITY=none)")
    found = {each.name: each for each in all_certificates(settings)}
    names = {"ca", *(each.name for each in wanted(settings))} if settings.ca_file is None else {"ca"}
    missing = sorted(names - found.keys()) if settings.is_secure else []
    bad = [f"{each.name} {each.problem}" for each in found.values() if each.problem]
    if missing or bad:
        return wrong(
            "; ".join([*(f"{name} is missing" for name in missing), *bad]),
            "minsheng certificates make, then minsheng up",
        )
    soon = []
    for each in found.values():
        left = each.days_left(place.now)
        if each.expires_at is not None and left < 0:
            since = (place.now - each.expires_at).days
            return wrong(
                f"the certificate {each.file} expired {since} days ago: clients refuse it",
                "minsheng certificates make, then minsheng up",
            )
        if left < (AUTHORITY_BEFORE if each.name == "ca" else RENEW_BEFORE).days:
            soon.append(f"{each.name} in {left} days")
    if soon:
        return warning(
            f"expire soon: {', '.join(soon)}",
            "minsheng certificates make, then minsheng up; a new authority (ca) goes to every client first",
        )
    return fine(
        f"{len(found)}, the next to expire in {min(e.days_left(place.now) for e in found.values())} days"
    )
