"""Data sets: what dashboards ask PostgreSQL, derived from contracts. Pure: contracts in, SQL out."""
