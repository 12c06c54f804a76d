"""Quarantine as a place of work: what is in it, who closed what and why, who has seen an original."""
