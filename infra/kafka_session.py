"""How soon Kafka's controller believes that a broker is gone."""

from __future__ import annotations

SESSION = {"broker.session.timeout.ms": "4000", "broker.heartbeat.interval.ms": "1000"}
"""Of a machine that has died nothing but its silence is heard: its session ends, others lead its partitions.
A broker that was killed and starts again is not let in while its earlier session lasts, also where it is the
only one: 9 s unless told (decision 153)."""
