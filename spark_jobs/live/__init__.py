"""The live query: each batch is judged, claimed, counted and committed in one PostgreSQL transaction."""
