"""The simulated city: a day of a source's events, the same for the same seed, and what must come of them."""
