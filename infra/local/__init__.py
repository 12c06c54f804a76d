"""The local stack: every part of the platform as a process of this machine, listening on loopback only."""
