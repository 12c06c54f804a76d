"""`python3 -m infra.docker.broker`: become one broker of the cluster, its log formatted before if it is new.

Listeners, TLS and rights are those of the local stack in secure mode (infra/security/broker.py).

Nothing but the standard library: the image has a JRE, Kafka's jars and Debian's Python.
"""

from __future__ import annotations

import os
import subprocess
import sys
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from infra.kafka_id import kafka_id
from infra.kafka_session import SESSION
from infra.security.broker import CLIENTS, CONTROLLER, INTERNAL, BrokerTls, secure_properties
from infra.start_line import say

JARS = Path("/opt/minsheng/.jars/kafka")
HOME = Path("/var/lib/minsheng")
CLIENTS_PORT, CONTROLLER_PORT, INTERNAL_PORT = 9092, 9093, 9094
PORTS = {CLIENTS: CLIENTS_PORT, INTERNAL: INTERNAL_PORT, CONTROLLER: CONTROLLER_PORT}
ENOUGH_FOR_TWO_IN_SYNC = 3
LOG4J = """\
log4j.rootLogger=WARN, stdout
log4j.appender.stdout=org.apache.log4j.ConsoleAppender
log4j.appender.stdout.layout=org.apache.log4j.PatternLayout
log4j.appender.stdout.layout.ConversionPattern=%d{ISO8601} %p %c: %m%n
"""


@dataclass(frozen=True)
class Node:
    """One broker and controller of the cluster `names`; its own is the one of that number, from 1."""

    number: int
    names: tuple[str, ...]
    cluster: str
    data_dir: Path
    heap: str
    tls: BrokerTls

    @property
    def host(self) -> str:
        return self.names[self.number - 1]

    @property
    def replicas(self) -> int:
        return min(3, len(self.names))

    @property
    def in_sync(self) -> int:
        """Replicas that must have a record before it is acknowledged."""
        return 2 if self.replicas >= ENOUGH_FOR_TWO_IN_SYNC else 1

    def properties(self) -> dict[str, str]:
        """server.properties. Everything that Kafka keeps for itself is replicated as topics are."""
        replicas, in_sync = str(self.replicas), str(self.in_sync)
        return {
            "process.roles": "broker,controller",
            "node.id": str(self.number),
            "controller.quorum.bootstrap.servers": ",".join(
                f"{name}:{CONTROLLER_PORT}" for name in self.names
            ),
            "listeners": ",".join(f"{name}://:{port}" for name, port in PORTS.items()),
            "advertised.listeners": ",".join(f"{name}://{self.host}:{port}" for name, port in PORTS.items()),
            **secure_properties(self.keystore, self.tls.authority),
            "log.dirs": str(self.data_dir / "log"),
            "auto.create.topics.enable": "false",
            "num.partitions": "2",
            "default.replication.factor": replicas,
            "min.insync.replicas": in_sync,
            "offsets.topic.replication.factor": replicas,
            "transaction.state.log.replication.factor": replicas,
            "transaction.state.log.min.isr": in_sync,
            "share.coordinator.state.topic.replication.factor": replicas,
            "share.coordinator.state.topic.min.isr": in_sync,
            # What is acknowledged is on disk: all brokers of this stack lose their power at once.
            "log.flush.interval.messages": "1",
            "group.initial.rebalance.delay.ms": "0",
            **SESSION,
            "replica.lag.time.max.ms": "10000",
            # A broker that has vanished answers nothing, not even a refusal.
            "socket.connection.setup.timeout.ms": "2000",
            "socket.connection.setup.timeout.max.ms": "4000",
        }

    def voters(self) -> str:
        """The controllers that the cluster begins with, each with the id of its folder."""
        return ",".join(
            f"{number}@{name}:{CONTROLLER_PORT}:{folder_id(self.cluster, number)}"
            for number, name in enumerate(self.names, start=1)
        )

    def prepare(self) -> None:
        """Write the configuration; format the log unless that was done. Raises FileNotFoundError."""
        self.tls.write_keystore(self.keystore)
        lines = (f"{name}={value}\n" for name, value in self.properties().items())
        self.configuration.write_text("".join(lines), encoding="ascii")
        (self.data_dir / "log4j.properties").write_text(LOG4J, encoding="ascii")
        arguments = ["format", "--ignore-formatted", "--cluster-id", self.cluster]
        voters = ["--initial-controllers", self.voters(), "--config", str(self.configuration)]
        subprocess.run([*self.java("kafka.tools.StorageTool"), *arguments, *voters], check=True)

    @property
    def keystore(self) -> Path:
        return self.data_dir / "keystore.pem"

    @property
    def configuration(self) -> Path:
        return self.data_dir / "server.properties"

    def java(self, main: str) -> list[str]:
        log4j = f"-Dlog4j.configuration=file:{self.data_dir / 'log4j.properties'}"
        return ["java", f"-Xmx{self.heap}", "-XX:+UseSerialGC", log4j, "-cp", f"{JARS}/*", main]


def folder_id(cluster: str, number: int) -> str:
    """The id of a controller's folder: each node knows all of them without asking."""
    return kafka_id(uuid.uuid5(uuid.NAMESPACE_OID, f"{cluster} {number}"))


def node(environment: Mapping[str, str], home: Path) -> Node:
    """What the environment, the secret `kafka_cluster` and its certificates say of this broker."""
    certificates = home / "certificates"
    return Node(
        number=int(environment["KAFKA_NODE"]),
        names=tuple(environment["KAFKA_NODES"].split(",")),
        cluster=(home / "secrets" / "kafka_cluster").read_text(encoding="ascii").strip(),
        data_dir=home / "kafka",
        heap=environment["KAFKA_HEAP"],
        tls=BrokerTls.of(certificates, certificates / "ca.pem", INTERNAL_PORT),
    )


def main() -> None:
    broker = node(os.environ, HOME)
    say(f"kafka {broker.number} of {len(broker.names)}", os.environ)
    broker.prepare()
    sys.stdout.flush()
    command = [*broker.java("kafka.Kafka"), str(broker.configuration)]
    os.execvp(command[0], command)  # noqa: S606 (a shell is not wanted)


if __name__ == "__main__":
    main()
