"""Contracts in other forms: standards that catalogues and clients read, and our own YAML. Pure functions."""
