"""`python -m tests.faults.department FILE`: a department's program; it sends a file's events to Kafka.

It remembers nothing: started again, it sends all of them again, under their ids. One line of JSON an event.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

from streams.errors import KafkaAway
from streams.producer import EventProducer
from streams.registry import deployed
from streams.settings import Settings

BATCH = 100


def main(path: Path) -> int:
    settings = Settings()
    events = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    with EventProducer(settings, deployed(settings).contracts, name="department") as producer:
        for start in range(0, len(events), BATCH):
            sent = producer.send_all(events[start : start + BATCH])
            assert not any(verdict.reasons for verdict in sent.verdicts)
            assert not any(isinstance(each, KafkaAway) for each in sent.delivery.done.result())
    return 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
