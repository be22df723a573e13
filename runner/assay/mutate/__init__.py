"""Mutants: the sources with one clause changed, to learn whether the vectors decide that clause."""
