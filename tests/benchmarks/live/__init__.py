"""How fast the live query is, on events that are made for it; every run is checked against DuckDB."""
