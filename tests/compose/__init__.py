"""The platform in containers, for real: `make compose-test`. Never part of `make test`."""
