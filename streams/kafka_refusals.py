"""Why Kafka cannot be used: away, which passes, or refused, which somebody has to mend.

kafka-python 3.0.12 logs why a TLS handshake failed or why a password was refused, tries again until its
time is up and then says that it could not bootstrap. So that a person learns the reason, the handshake is
tried by hand, and a refused password ends the attempt where it is logged.
"""

from __future__ import annotations

import logging
import socket
import ssl
from contextlib import suppress

from kafka.errors import AuthorizationError, SaslAuthenticationFailedError, UnsupportedSaslMechanismError

from streams.errors import KafkaAway, KafkaRefused
from streams.kafka_access import Principal, brokers, secret_name, user_name
from streams.settings import Settings

PROBE_SECONDS = 1.0


def _end_what_was_refused(record: logging.LogRecord) -> bool:
    """Raise the refusal that the library is about to log and to try again (its KafkaConnection.initialize
    keeps it from KafkaConnectionManager._auth_failures, which would have raised it)."""
    for each in record.args if isinstance(record.args, tuple) else ():
        if isinstance(each, SaslAuthenticationFailedError | UnsupportedSaslMechanismError):
            raise each
    return True


logging.getLogger("kafka.net.manager").addFilter(_end_what_was_refused)


def explained(
    settings: Settings,
    error: BaseException,
    bootstrap: str | None = None,
    principal: Principal | None = None,
) -> KafkaAway:
    """What to raise for an error of kafka-python: KafkaRefused where trying again would not help."""
    where = bootstrap or settings.kafka_bootstrap
    user = user_name(settings, principal) if principal and settings.is_secure else "this client"
    if isinstance(error, SaslAuthenticationFailedError | UnsupportedSaslMechanismError):
        secret = secret_name(principal) if principal else "kafka_*"
        return KafkaRefused(
            f"Kafka at {where} refused {user}: it has no such user, or another password ({error})."
            f" The password is the file secrets/{secret}; `minsheng certificates rights` gives Kafka's users"
            " those passwords again."
        )
    if is_unauthorized(error):
        return KafkaRefused(
            f"Kafka at {where} does not allow {user} to do that ({type(error).__name__}: {error})."
            " `minsheng certificates rights` grants what each part needs; MINSHENG_TOPIC_PREFIX is"
            f" {settings.topic_prefix!r} here."
        )
    refusal = tls_refusal(settings, where) if settings.is_secure else None
    if refusal:
        return _untrusted(where, refusal)
    if not settings.is_secure and answers_tls(where):
        return KafkaRefused(
            f"Kafka at {where} wants TLS, and this client speaks plain text: set MINSHENG_SECURITY=tls."
        )
    return KafkaAway(
        f"Kafka at {where} did not answer ({type(error).__name__}: {error})."
        " Look at `minsheng status` and at MINSHENG_KAFKA_BOOTSTRAP."
    )


def is_unauthorized(error: BaseException) -> bool:
    """Whether a right lacks; of an idempotent producer without any, the library says so in words only."""
    return isinstance(error, AuthorizationError) or "AuthorizationFailed" in str(error)


def demand_trust(settings: Settings, bootstrap: str | None = None) -> None:
    """Raise KafkaRefused at once where brokers are not to be trusted, not when a client's patience ends."""
    where = bootstrap or settings.kafka_bootstrap
    refusal = tls_refusal(settings, where) if settings.is_secure else None
    if refusal:
        raise _untrusted(where, refusal)


def _untrusted(where: str, refusal: str) -> KafkaRefused:
    return KafkaRefused(f"Kafka at {where} is not spoken to: {refusal}")


def tls_refusal(settings: Settings, bootstrap: str) -> str | None:
    """Why the first broker that can be reached is not trusted, and what to do; None: it is, or is away."""
    try:
        context = ssl.create_default_context(cafile=str(settings.authority))
    except (OSError, ssl.SSLError) as error:
        return (
            f"the authority {settings.authority} cannot be read ({error}). `minsheng certificates make` makes"
            " one for brokers of this installation; of others, MINSHENG_CA_FILE names theirs."
        )
    for host, port in _addresses(bootstrap):
        try:
            with (
                socket.create_connection((host, port), timeout=PROBE_SECONDS) as plain,
                context.wrap_socket(plain, server_hostname=host),
            ):
                return None
        except ssl.SSLCertVerificationError as error:
            return _of_certificate(settings, error)
        except ssl.SSLError as error:
            return (
                f"it does not speak TLS there ({error.reason or error}). MINSHENG_KAFKA_BOOTSTRAP must name"
                " its TLS listener; brokers without one need MINSHENG_SECURITY=none."
            )
        except OSError:
            continue
    return None


def answers_tls(bootstrap: str) -> bool:
    """Whether a broker that can be reached begins a TLS handshake."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE  # only asked whether it speaks TLS; nothing is sent
    for host, port in _addresses(bootstrap):
        with (
            suppress(OSError),
            socket.create_connection((host, port), timeout=PROBE_SECONDS) as plain,
            context.wrap_socket(plain, server_hostname=host),
        ):
            return True
    return False


def _of_certificate(settings: Settings, error: ssl.SSLCertVerificationError) -> str:
    said = error.verify_message or str(error)
    if "expired" in said:
        return f"its certificate has expired ({said}). `minsheng certificates make`, then `minsheng up`."
    if "match" in said or "mismatch" in said:
        return (
            f"its certificate is for other names ({said}). Add the name to MINSHENG_CERTIFICATE_HOSTS and"
            " call `minsheng certificates make`, or name it in MINSHENG_KAFKA_BOOTSTRAP as it does."
        )
    return (
        f"its certificate is not signed by {settings.authority} ({said}). Copy the ca.pem of the installation"
        " that the brokers belong to, or set MINSHENG_CA_FILE."
    )


def _addresses(bootstrap: str) -> list[tuple[str, int]]:
    found = []
    for each in brokers(bootstrap):
        host, _, port = each.rpartition(":")
        if port.isdigit():
            found.append((host.strip("[]"), int(port)))
    return found
