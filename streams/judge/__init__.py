"""Verdicts on events, each with the codes of its reasons (streams/reasons.py has their Chinese texts)."""
