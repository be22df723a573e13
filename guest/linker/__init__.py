"""The guest linker: a static RISC-V ELF becomes an Image.

elf.py        reads the ELF, refuses what no guest can be
decode.py     RISC-V words to instructions, by a table
endpoints.py  the records of ASSAY_ENDPOINT
constructors.py  functions that run before an endpoint
fits.py       relocations and instructions belong together
relocate.py   which code addresses are taken; the jump table
program.py    the code as instructions, and all targets of jumps
code.py       the PVM's instructions: registers and bytes
lower.py      RISC-V instructions to PVM instructions
optimise.py   constants within straight-line code
blocks.py     block starts, positions, the code blob
layout.py     sections to pages, mappings and slots
image.py      the whole, admitted by the specification
mapfile.py    RISC-V address, position, symbol, source line
errors.py     what a refusal says
words.py      the words of a command line for the compiler
labels.py     differences of code labels stay relocations
cc.py         compile and link in one step
cli.py        the command lines
"""
