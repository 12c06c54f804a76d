"""TLS and rights: the installation's own authority, certificates, users and rights in Kafka."""
