"""Random C programs for the oracle: without undefined behaviour, and the same for the same seed.

A program is one file. It is a guest whose endpoint 0 halts with a digest of all that the program did, and
its ELF is a program for Linux on RV64E as well, which writes the same digest to its standard output.
"""

from .program import LEVELS, OPTIONS, Program, generate

__all__ = ["LEVELS", "OPTIONS", "Program", "generate"]
