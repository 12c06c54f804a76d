"""The archive query: every event as received, into the lake. It knows topics, not sources."""
