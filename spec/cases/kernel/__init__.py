"""Generators of the kernel's vectors."""

from cases.kernel import call, cap, chain, clauses, codec, hash, host, image, yield_

AREAS = ("image", "cap", "host", "call", "yield", "chain")
MODULES = (codec, image, hash, cap, host, call, yield_, chain, clauses)
