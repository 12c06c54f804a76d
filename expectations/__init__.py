"""Events and aggregates are judged a second time, by Great Expectations."""
