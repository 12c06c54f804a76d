"""Events come in: contracts, verdicts, and the ways into Kafka."""
