"""Airflow as part of an installation: configured, started and asked from outside; nothing here imports it."""
