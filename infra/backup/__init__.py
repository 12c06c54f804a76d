"""Backup and restore of what cannot be derived again: PostgreSQL, the lake, contracts; secrets apart."""
