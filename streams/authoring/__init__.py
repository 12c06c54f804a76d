"""From a sample of a source's rows to its contract: what is proposed, and the evidence for each guess.

The way: sample (rows) -> facts (of each column) -> guesses (fields) -> draft (contract) -> writing (YAML).
A draft is a proposal: whoever keeps the source reads it, corrects it, and deploys it.
"""
