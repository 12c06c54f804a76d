"""Verdicts on events: Judge, and the Chinese text of its reasons."""
