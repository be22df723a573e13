"""The guest linker: a static RISC-V ELF becomes an Image.

elf.py       reads the ELF and refuses what no guest can be     code.py      the instructions of a PVM, encoded
decode.py    RISC-V words to instructions, by a table           optimise.py  constants within straight-line code
relocate.py  which code addresses are taken; jump-table slots   blocks.py    block starts, positions, the code blob
lower.py     RISC-V instructions to PVM instructions            layout.py    sections to pages, mappings and slots
endpoints.py the records of ASSAY_ENDPOINT                      image.py     the whole, admitted by the specification
mapfile.py   RISC-V address, position, symbol, source line      cc.py        compile and link in one step
errors.py    what a refusal says                                cli.py       the command lines
"""
