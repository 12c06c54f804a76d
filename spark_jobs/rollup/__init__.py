"""The daily rollup: a day of a source, read from the lake, counted exactly, ready to be judged."""
