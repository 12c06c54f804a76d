"""Events are aggregated: the live query, the archive query and the daily rollup."""
