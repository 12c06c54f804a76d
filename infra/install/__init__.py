"""Everything that the platform needs on a machine, made from nothing but Python 3.11's standard library.

`python3.11 -m infra.install GOAL` makes sure of what a goal of the Makefile needs, and returns at once when
everything is there already. It imports nothing of the project outside this package: nothing else is
installed yet when it runs.
"""
