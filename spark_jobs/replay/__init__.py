"""Replay: events in quarantine are judged anew and counted, beside the running live query."""
