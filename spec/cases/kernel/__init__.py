"""Generators of the kernel's vectors: cap.py, host.py, call.py, yield_.py and chain.py for the chapters of these names.

image.md has three: codec.py for the encoding, hash.py for hashes, image.py for admission. clauses.py decides single
clauses of all of them: second elements of lists, halves of conditions, borders; exchange.py, which Worlds open;
parts.py, rules that are parts of another one.

What they are made with: case.py, the cases and their steps; build.py, Images, capabilities, worlds and guest programs;
golden.py, bytes and digests known from elsewhere; expect.py, the model's answers as text.
"""

from cases.kernel import call, cap, chain, clauses, codec, exchange, hash, host, image, parts, yield_

AREAS = ("image", "cap", "host", "call", "yield", "chain")
MODULES = (codec, image, hash, cap, host, call, yield_, chain, clauses, exchange, parts)
