"""Reconciliation with finance: a day's events of a source against a finance department's file."""
