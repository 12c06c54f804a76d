"""Days and minutes are judged: Great Expectations, derived from the contracts, as a second opinion.

day (command) -> spark_jobs.rollup -> gate: events, totals, day_rules -> published, or refused and said why
live (command) -> totals of the last hours
"""
