"""The HTTP gateway: CloudEvents in, a verdict for each out, Kafka's acknowledgement before any yes."""
