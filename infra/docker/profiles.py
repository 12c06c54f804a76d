"""How large an installation in containers is: what of it differs between the profiles."""

from __future__ import annotations

from dataclasses import dataclass

GIB = 1024**3


@dataclass(frozen=True)
class Profile:
    """Brokers by name, the Spark master, and the memory that all of it was measured to take, in bytes."""

    brokers: tuple[str, ...]
    spark_master: str
    memory: int

    def variables(self, name: str) -> dict[str, str]:
        """What `.env` says to docker-compose.yml."""
        return {
            "COMPOSE_PROFILES": name,
            "MINSHENG_PROFILE": name,
            "KAFKA_NODES": ",".join(self.brokers),
            "MINSHENG_KAFKA_BOOTSTRAP": ",".join(f"{broker}:9092" for broker in self.brokers),
            "MINSHENG_KAFKA_ADMIN_BOOTSTRAP": ",".join(f"{broker}:9094" for broker in self.brokers),
            "MINSHENG_TOPIC_REPLICATION": str(len(self.brokers)),
            "MINSHENG_SPARK_MASTER": self.spark_master,
        }


PROFILES = {
    "full": Profile(("kafka-1", "kafka-2", "kafka-3"), "spark://spark-master:7077", 8 * GIB),
    "core": Profile(("kafka-1",), "local[2]", 5 * GIB),
}
"""`full` survives the loss of a broker or a worker. `core` has one of each: to try, or for a small county."""
