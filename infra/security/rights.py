"""Users and rights in Kafka, made to be what `streams/kafka_access.py` says. Idempotent."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import closing
from dataclasses import dataclass

from kafka import KafkaAdminClient
from kafka.admin import (
    ACL,
    ACLFilter,
    ACLOperation,
    ACLPermissionType,
    ACLResourcePatternType,
    ResourcePattern,
    ResourcePatternFilter,
    ResourceType,
    UserScramCredentialUpsertion,
)
from kafka.errors import KafkaError

from streams.kafka_access import MECHANISM, RIGHTS, Operation, admin_options, secret_name, user_name
from streams.kafka_refusals import demand_trust, explained
from streams.settings import Settings

BOOTSTRAP_MS = 8_000


@dataclass(frozen=True)
class Right:
    """One user's right to do one thing with every topic whose name begins with `prefix`."""

    user: str
    operation: Operation
    prefix: str


@dataclass(frozen=True)
class RightsChange:
    """users: whose passwords were set. granted, taken: rights that were missing, or that nobody wants."""

    users: tuple[str, ...]
    granted: tuple[Right, ...]
    taken: tuple[Right, ...]


def wanted_rights(settings: Settings) -> set[Right]:
    """Every right that this installation's principals have."""
    return {
        Right(user_name(settings, principal), operation, settings.topic_prefix)
        for principal, operations in RIGHTS.items()
        for operation in operations
    }


def plan(wanted: Iterable[Right], there: Iterable[Right], own: str) -> tuple[list[Right], list[Right]]:
    """What to grant and what to take. Taken is only from users of our own prefix."""
    wanted, there = set(wanted), set(there)
    mine = {right for right in there if right.user.startswith(own)}
    return sorted(wanted - there, key=str), sorted(mine - wanted, key=str)


def ensure_rights(settings: Settings, *, dry_run: bool = False) -> RightsChange:
    """Give each principal its password and exactly its rights. Raises KafkaAway, KafkaRefused."""
    users = tuple(user_name(settings, principal) for principal in RIGHTS)
    options = admin_options(settings)
    demand_trust(settings, settings.kafka_admin_bootstrap)
    try:
        with closing(
            KafkaAdminClient(**options, client_id="minsheng-rights", bootstrap_timeout_ms=BOOTSTRAP_MS)
        ) as admin:
            own = settings.kafka_user_prefix
            granted, taken = plan(wanted_rights(settings), _there(admin, settings.topic_prefix), own)
            if not dry_run:
                _set_passwords(admin, settings)
                _grant(admin, granted)
                _take(admin, taken)
    except KafkaError as error:
        raise explained(settings, error, settings.kafka_admin_bootstrap) from error
    return RightsChange(users, tuple(granted), tuple(taken))


def _set_passwords(admin: KafkaAdminClient, settings: Settings) -> None:
    answers = admin.alter_user_scram_credentials(
        [
            UserScramCredentialUpsertion(
                user_name(settings, principal), MECHANISM, settings.secret(secret_name(principal))
            )
            for principal in RIGHTS
        ]
    )
    failed = {user: said for user, said in answers.items() if said}
    if failed:
        raise KafkaError(f"users were not made: {failed}")


def _there(admin: KafkaAdminClient, prefix: str) -> set[Right]:
    pattern = ResourcePatternFilter(ResourceType.TOPIC, prefix, ACLResourcePatternType.PREFIXED)
    found, _ = admin.describe_acls(ACLFilter(None, None, ACLOperation.ANY, ACLPermissionType.ALLOW, pattern))
    return {
        Right(acl.principal.removeprefix("User:"), acl.operation.name, acl.resource_pattern.resource_name)
        for acl in found
    }


def _grant(admin: KafkaAdminClient, rights: list[Right]) -> None:
    if not rights:
        return
    answer = admin.create_acls([_acl(right) for right in rights])
    if answer["failed"]:
        raise KafkaError(f"rights were not made: {answer['failed']}")


def _take(admin: KafkaAdminClient, rights: list[Right]) -> None:
    if not rights:
        return
    for _, _, error in admin.delete_acls([_acl(right) for right in rights]):
        if error.errno:
            raise KafkaError(f"rights were not taken: {error}")


def _acl(right: Right) -> ACL:
    pattern = ResourcePattern(ResourceType.TOPIC, right.prefix, ACLResourcePatternType.PREFIXED)
    operation = ACLOperation[right.operation]
    return ACL(f"User:{right.user}", "*", operation, ACLPermissionType.ALLOW, pattern)
