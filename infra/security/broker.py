"""What brokers are configured with in secure mode: three listeners, each knows in its own way who asks.

clients: TLS, and a user with a password (SCRAM). Internal: TLS with certificates on both sides; brokers among
themselves, and the administrator who makes users and rights: no password has to exist before the first user.
Controllers: as internal. Nothing but the standard library: containers of brokers have no more.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from infra.local.private_file import write_private
from streams.kafka_access import MECHANISM

CLIENTS, INTERNAL, CONTROLLER = "CLIENTS", "INTERNAL", "CONTROLLER"
ADMINISTRATOR = "admin"
"""By this certificate users and rights are made in Kafka."""
BROKER = "kafka"
"""By this one brokers and controllers know each other."""


@dataclass(frozen=True)
class BrokerTls:
    """Where a broker finds its certificate, its key and the authority; its internal listener's port."""

    certificate: Path
    key: Path
    authority: Path
    internal_port: int

    @classmethod
    def of(cls, folder: Path, authority: Path, internal_port: int) -> BrokerTls:
        """With the files as an installation's folder of certificates has them."""
        return cls(folder / f"{BROKER}.pem", folder / f"{BROKER}.key", authority, internal_port)

    def write_keystore(self, path: Path) -> None:
        """Key and certificate in one file, as Kafka wants a PEM store. Raises FileNotFoundError."""
        write_private(path, f"{self.key.read_text('ascii')}{self.certificate.read_text('ascii')}")


def secure_properties(keystore: Path, authority: Path) -> Mapping[str, str]:
    """The lines of server.properties that do not depend on host and port; the same for every broker."""
    mutual = {f"listener.name.{name.lower()}.ssl.client.auth": "required" for name in (INTERNAL, CONTROLLER)}
    return {
        "listener.security.protocol.map": f"{CLIENTS}:SASL_SSL,{INTERNAL}:SSL,{CONTROLLER}:SSL",
        "inter.broker.listener.name": INTERNAL,
        "controller.listener.names": CONTROLLER,
        "ssl.keystore.type": "PEM",
        "ssl.keystore.location": str(keystore),
        "ssl.truststore.type": "PEM",
        "ssl.truststore.location": str(authority),
        "ssl.enabled.protocols": "TLSv1.3,TLSv1.2",
        **mutual,
        "sasl.enabled.mechanisms": MECHANISM,
        f"listener.name.{CLIENTS.lower()}.{MECHANISM.lower()}.sasl.jaas.config": (
            "org.apache.kafka.common.security.scram.ScramLoginModule required;"
        ),
        # What nobody has a right to, nobody may do.
        "authorizer.class.name": "org.apache.kafka.metadata.authorizer.StandardAuthorizer",
        "allow.everyone.if.no.acl.found": "false",
        "ssl.principal.mapping.rules": "RULE:^CN=([^,]+).*$/$1/,DEFAULT",
        "super.users": f"User:{BROKER};User:{ADMINISTRATOR}",
    }
