"""The local Kafka broker: one KRaft node that is broker and controller, on loopback."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from infra.kafka_id import kafka_id
from infra.kafka_session import SESSION
from infra.security.broker import CLIENTS, CONTROLLER, INTERNAL, BrokerTls, secure_properties

LOG4J = """\
log4j.rootLogger=WARN, stdout
log4j.appender.stdout=org.apache.log4j.ConsoleAppender
log4j.appender.stdout.layout=org.apache.log4j.PatternLayout
log4j.appender.stdout.layout.ConversionPattern=%d{ISO8601} %p %c: %m%n
"""


@dataclass(frozen=True)
class LocalKafka:
    """A broker with its log in `data_dir`; `jars_dir` holds Kafka and its runtime dependencies."""

    data_dir: Path
    jars_dir: Path
    port: int
    controller_port: int
    heap: str = "512m"
    tls: BrokerTls | None = None

    @property
    def _listeners(self) -> dict[str, str]:
        ports = {CONTROLLER: self.controller_port}
        if self.tls is None:
            ports = {"PLAINTEXT": self.port} | ports
            security: Mapping[str, str] = {
                "controller.listener.names": CONTROLLER,
                "listener.security.protocol.map": f"{CONTROLLER}:PLAINTEXT,PLAINTEXT:PLAINTEXT",
            }
        else:
            ports = {CLIENTS: self.port, INTERNAL: self.tls.internal_port} | ports
            security = secure_properties(self._keystore, self.tls.authority)
        addresses = {name: f"{name}://127.0.0.1:{port}" for name, port in ports.items()}
        advertised = [address for name, address in addresses.items() if name != CONTROLLER]
        return {
            "listeners": ",".join(addresses.values()),
            "advertised.listeners": ",".join(advertised),
            **security,
        }

    @property
    def _properties(self) -> dict[str, str]:
        return {
            "process.roles": "broker,controller",
            "node.id": "1",
            "controller.quorum.bootstrap.servers": f"127.0.0.1:{self.controller_port}",
            **self._listeners,
            "log.dirs": str(self.data_dir / "log"),
            "auto.create.topics.enable": "false",
            "num.partitions": "2",
            "offsets.topic.replication.factor": "1",
            "transaction.state.log.replication.factor": "1",
            "transaction.state.log.min.isr": "1",
            "share.coordinator.state.topic.replication.factor": "1",
            "share.coordinator.state.topic.min.isr": "1",
            # One replica: what is acknowledged is on disk, or a power cut would put PostgreSQL ahead.
            "log.flush.interval.messages": "1",
            "group.initial.rebalance.delay.ms": "0",
            **SESSION,
        }

    def initialise(self) -> None:
        """Write the configuration; format the log directory unless it is formatted.

        A log that was begun without TLS goes on with it, and the other way round.
        """
        self.data_dir.mkdir(parents=True, exist_ok=True)
        if self.tls is not None:
            self.tls.write_keystore(self._keystore)
        lines = (f"{name}={value}\n" for name, value in self._properties.items())
        self._config.write_text("".join(lines), encoding="ascii")
        (self.data_dir / "log4j.properties").write_text(LOG4J, encoding="ascii")
        log, begun = self.data_dir / "log", self.data_dir / "formatting"
        if (log / "meta.properties").exists() and not begun.exists():
            return
        shutil.rmtree(log, ignore_errors=True)  # a format that was interrupted; nothing was ever in it
        begun.touch()
        arguments = ["format", "--standalone", "-t", kafka_id(), "-c", str(self._config)]
        subprocess.run(
            [*self._java("kafka.tools.StorageTool"), *arguments], check=True, capture_output=True, text=True
        )
        begun.unlink()

    def command(self) -> list[str]:
        """The broker as a foreground command, for a supervisor."""
        return [*self._java("kafka.Kafka"), str(self._config)]

    @property
    def _keystore(self) -> Path:
        return self.data_dir / "keystore.pem"

    @property
    def _config(self) -> Path:
        return self.data_dir / "server.properties"

    def _java(self, main: str) -> list[str]:
        return [
            "java",
            f"-Xmx{self.heap}",
            f"-Dlog4j.configuration=file:{self.data_dir / 'log4j.properties'}",
            "-cp",
            f"{self.jars_dir}/*",
            main,
        ]
