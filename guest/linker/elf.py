"""Reading the ELF: sections, symbols, relocations and source lines; checks that need no
decoding.
"""

import io
from bisect import bisect_right
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import pairwise
from typing import NoReturn

from elftools.dwarf.lineprogram import LineProgram
from elftools.elf.elffile import ELFFile
from elftools.elf.relocation import RelocationSection
from elftools.elf.sections import Section as ElfSection
from elftools.elf.sections import Symbol as ElfSymbol
from elftools.elf.sections import SymbolTableSection

from .errors import LinkError

WRITE, ALLOC, EXECUTE, TLS = 0x1, 0x2, 0x4, 0x400
COMPRESSED, FLOAT_ABI = 0x1, 0x6
ADDRESS_END = 2**32
ENDPOINTS = ".assay.endpoints"
COMPILE = "compile with `assay cc`, or with --target=riscv64-unknown-elf -march=rv64em_zbb -mabi=lp64e"
STATIC = "compile without -fPIC or -fPIE and link with -static"
RELOCATION_NAME = {
    number: "R_RISCV_" + name
    for number, name in {
        0: "NONE", 1: "32", 2: "64", 3: "RELATIVE", 4: "COPY", 5: "JUMP_SLOT", 16: "BRANCH", 17: "JAL", 18: "CALL",
        19: "CALL_PLT", 20: "GOT_HI20", 21: "TLS_GOT_HI20", 22: "TLS_GD_HI20", 23: "PCREL_HI20", 24: "PCREL_LO12_I",
        25: "PCREL_LO12_S", 26: "HI20", 27: "LO12_I", 28: "LO12_S", 29: "TPREL_HI20", 30: "TPREL_LO12_I",
        31: "TPREL_LO12_S", 32: "TPREL_ADD", 33: "ADD8", 34: "ADD16", 35: "ADD32", 36: "ADD64", 37: "SUB8",
        38: "SUB16", 39: "SUB32", 40: "SUB64", 43: "ALIGN", 44: "RVC_BRANCH", 45: "RVC_JUMP", 51: "RELAX", 52: "SUB6",
        53: "SET6", 54: "SET8", 55: "SET16", 56: "SET32", 57: "32_PCREL", 58: "IRELATIVE", 59: "PLT32",
        60: "SET_ULEB128", 61: "SUB_ULEB128",
    }.items()
}  # fmt: skip
EXCEPTIONS = ("__cxa_", "__gxx_", "_Unwind_")
NO_EXCEPTIONS = "there are no exceptions; compile with -fno-exceptions"
UNLOADABLE = {
    ".ctors": ("a list of constructors in the old form", "compile without -fno-use-init-array"),
    ".gcc_except_table": ("exceptions", NO_EXCEPTIONS),
    **dict.fromkeys(
        (".fini_array", ".dtors"),
        ("functions for the end of the program", "it ends with each event; remove the destructors, or use atexit"),
    ),
}
LOADABLE = ("SHT_PROGBITS", "SHT_NOBITS", "SHT_INIT_ARRAY", "SHT_PREINIT_ARRAY")
UNMAPPED = (".eh_frame", ".eh_frame_hdr", ".got")  # the linker needs no word of .got, see relocate.py
Line = tuple[int, str | None, int]  # address, file name (None where a sequence ends), line


@dataclass(frozen=True)
class Section:
    name: str
    address: int
    size: int
    data: bytes | None  # None: all zero, nothing in the file
    writable: bool
    executable: bool

    @property
    def end(self) -> int:
        return self.address + self.size

    @property
    def content(self) -> bytes:
        """What the file has of it."""
        return self.data or b""

    def holds(self, address: int) -> bool:
        return self.address <= address < self.end


@dataclass(frozen=True)
class Symbol:
    name: str
    value: int
    size: int
    kind: str
    section: Section | None  # None: absolute, undefined, or in a section that is not loaded
    undefined: bool
    weak: bool

    @property
    def in_code(self) -> bool:
        return self.section is not None and self.section.executable


@dataclass(frozen=True)
class Relocation:
    address: int
    kind: str
    symbol: Symbol | None
    addend: int

    @property
    def target(self) -> int:
        return (self.symbol.value if self.symbol else 0) + self.addend

    @property
    def in_code(self) -> bool:
        """Whether it refers to code. Its symbol decides: an address may be the end of something else."""
        return self.symbol is not None and self.symbol.in_code

    @property
    def is_inside(self) -> bool:
        """Whether it refers to a place in the section of its symbol."""
        return bool(self.symbol and self.symbol.section and self.symbol.section.holds(self.target))


@dataclass
class Guest:
    """What the other files need to know of an ELF."""

    sections: list[Section]
    symbols: list[Symbol]
    relocations: dict[int, list[Relocation]] = field(default_factory=dict)  # by address, in file order
    read_lines: Callable[[], list[Line]] = list

    @cached_property
    def functions(self) -> list[tuple[int, Symbol]]:
        """(address, symbol) of everything named in code, ascending; at one address functions last."""
        named = [s for s in self.symbols if s.in_code and s.name and not s.name.startswith((".L", "$"))]
        return sorted(
            ((s.value, s) for s in named), key=lambda pair: (pair[0], pair[1].kind == "STT_FUNC", pair[1].name)
        )

    @cached_property
    def lines(self) -> list[Line]:
        return sorted(self.read_lines(), key=lambda row: row[0])

    @property
    def code(self) -> list[Section]:
        return [section for section in self.sections if section.executable]

    @property
    def data(self) -> list[Section]:
        return [s for s in self.sections if not s.executable and s.name != ENDPOINTS]

    def section_at(self, address: int) -> Section | None:
        return next((section for section in self.sections if section.holds(address)), None)

    def symbol_at(self, address: int) -> str:
        """`name+0x10`, or an empty string."""
        if (section := self.section_at(address)) is None:
            return ""
        at = bisect_right(self.functions, address, key=lambda pair: pair[0]) - 1
        if section.executable and at >= 0 and section.holds(self.functions[at][0]):
            start, symbol = self.functions[at]
            return f"{symbol.name}+{address - start:#x}" if address > start else symbol.name
        for symbol in self.symbols:
            if symbol.name and symbol.value <= address < symbol.value + symbol.size and not symbol.in_code:
                return f"{symbol.name}+{address - symbol.value:#x}"
        return section.name

    def source_at(self, address: int) -> str:
        """`file.c:12`, or an empty string."""
        at = bisect_right(self.lines, address, key=lambda row: row[0]) - 1
        if at < 0 or self.lines[at][1] is None:
            return ""
        return f"{self.lines[at][1]}:{self.lines[at][2]}"

    def place(self, address: int) -> str:
        """For people: the address with its symbol and source line."""
        symbol, source = self.symbol_at(address), self.source_at(address)
        return f"{address:#x}" + (f" in {symbol}" if symbol else "") + (f" ({source})" if source else "")

    def refuse(self, address: int, problem: str, advice: str = "") -> NoReturn:
        raise LinkError(problem, self.place(address), advice)


def read(data: bytes) -> Guest:
    """Bytes to Guest; raises LinkError."""
    try:
        file = ELFFile(io.BytesIO(data))
        check_header(file)
        return read_guest(file)
    except LinkError:
        raise
    except Exception as error:  # the reader raises whatever a damaged file makes it stumble on
        raise LinkError(f"the ELF is damaged: {error or type(error).__name__}", advice="link it again") from None


def check_header(file: ELFFile) -> None:
    if file.elfclass != 64 or not file.little_endian or file["e_machine"] != "EM_RISCV":
        raise LinkError("no little-endian 64-bit RISC-V ELF", advice=COMPILE)
    if file["e_type"] == "ET_REL":
        raise LinkError("an object file, not a linked program", advice="link it, or give it to `assay cc`")
    if file["e_type"] != "ET_EXEC":
        raise LinkError(f"an ELF of type {file['e_type']}, not a static program", advice=STATIC)
    flags = file["e_flags"]
    if flags & FLOAT_ABI:
        raise LinkError("the ELF uses a hard-float ABI (ELF flags)", advice=f"there are no registers for it; {COMPILE}")
    if flags & COMPRESSED:
        raise LinkError("the ELF has compressed instructions (ELF flags)", advice=COMPILE)


def read_guest(file: ELFFile) -> Guest:
    every = list(file.iter_sections())
    check_sizes(every)
    loaded = {n: read_section(s) for n, s in enumerate(every) if is_loaded(s)}
    symbols = read_symbols(file, loaded)
    check_overlap(loaded.values())
    guest = Guest(sorted(loaded.values(), key=lambda s: s.address), symbols, read_lines=lambda: read_lines(file))
    for section in every:
        if isinstance(section, RelocationSection) and section["sh_info"] in loaded:
            read_relocations(section, symbols, guest)
    return guest


def check_sizes(sections: Iterable[ElfSection]) -> None:
    for section in sections:
        if section["sh_flags"] & ALLOC and section["sh_addr"] + section["sh_size"] > ADDRESS_END:
            raise LinkError(
                f"its {section['sh_size']} bytes end above 2^32",
                f"section {section.name}",
                "at most 256 MiB of memory can be mapped; make the arrays smaller",
            )


def check_overlap(sections: Iterable[Section]) -> None:
    ordered = sorted(sections, key=lambda section: section.address)
    for low, high in pairwise(ordered):
        if low.end > high.address:
            raise LinkError(
                f"overlaps section {high.name} at {high.address:#x}", f"section {low.name}", "correct the linker script"
            )


def is_loaded(section: ElfSection) -> bool:
    """Whether a section becomes part of the Image; raises LinkError for one that cannot."""
    if not section["sh_flags"] & ALLOC or not section["sh_size"] or section.name in UNMAPPED:
        return False
    place = f"section {section.name} at {section['sh_addr']:#x}"
    for name, (what, advice) in UNLOADABLE.items():
        if section.name == name or section.name.startswith(name + "."):
            raise LinkError(f"{what}, which are not supported", place, advice)
    if section["sh_flags"] & TLS:
        raise LinkError("thread-local storage", place, "there are no threads; remove _Thread_local")
    if section.name.startswith((".got", ".plt", ".dynamic", ".interp")):
        raise LinkError("position-independent code needs this section", place, STATIC)
    if section["sh_type"] not in LOADABLE:
        raise LinkError(f"a section of type {section['sh_type']} cannot be loaded", place, "remove it")
    if section["sh_flags"] & WRITE and section["sh_flags"] & EXECUTE:
        raise LinkError("a section both writable and executable", place, "code cannot be written; separate them")
    return True


def read_section(section: ElfSection) -> Section:
    data = None if section["sh_type"] == "SHT_NOBITS" else section.data()
    if data is not None and len(data) != section["sh_size"]:
        raise LinkError("the file ends inside of it", f"section {section.name}", "link the ELF again")
    return Section(
        section.name,
        section["sh_addr"],
        section["sh_size"],
        data,
        bool(section["sh_flags"] & WRITE),
        bool(section["sh_flags"] & EXECUTE),
    )


def read_symbols(file: ELFFile, loaded: Mapping[int, Section]) -> list[Symbol]:
    tables = [s for s in file.iter_sections() if isinstance(s, SymbolTableSection) and s.name == ".symtab"]
    if not tables:
        raise LinkError("there is no symbol table", advice="do not strip the ELF: relocations need it")
    return [read_symbol(symbol, loaded) for symbol in tables[0].iter_symbols()]


def read_symbol(symbol: ElfSymbol, loaded: Mapping[int, Section]) -> Symbol:
    index = symbol["st_shndx"]
    return Symbol(
        symbol.name,
        symbol["st_value"],
        symbol["st_size"],
        symbol["st_info"]["type"],
        loaded.get(index) if isinstance(index, int) else None,
        index == "SHN_UNDEF",
        symbol["st_info"]["bind"] == "STB_WEAK",
    )


def read_relocations(section: RelocationSection, symbols: Sequence[Symbol], guest: Guest) -> None:
    if not section.is_RELA():
        raise LinkError("relocations without addends", f"section {section.name}", "link with ld.lld")
    for entry in section.iter_relocations():
        number, index = entry["r_info_type"], entry["r_info_sym"]
        kind = RELOCATION_NAME.get(number, f"relocation {number}")
        symbol = symbols[index] if index else None
        if symbol is not None and symbol.undefined and not symbol.weak:
            is_thrown = symbol.name.startswith(EXCEPTIONS)
            advice = NO_EXCEPTIONS if is_thrown else "link the file that defines it, or correct the name"
            guest.refuse(entry["r_offset"], f"{symbol.name} is not defined", advice)
        found = Relocation(entry["r_offset"], kind, symbol, entry["r_addend"])
        guest.relocations.setdefault(found.address, []).append(found)


def read_lines(file: ELFFile) -> list[Line]:
    """The lines of the debug information; none if it is broken."""
    if not file.has_dwarf_info():
        return []
    rows: list[Line] = []
    try:
        dwarf = file.get_dwarf_info(relocate_dwarf_sections=False)
        for unit in dwarf.iter_CUs():
            program = dwarf.line_program_for_CU(unit)
            if program is not None:
                rows += unit_lines(program)
    except Exception:  # as in `read`; the program is no worse for it
        return []
    return rows


def unit_lines(program: LineProgram) -> Iterable[Line]:
    names = program["file_entry"]
    first = 0 if program["version"] >= 5 else 1
    for entry in program.get_entries():
        state = entry.state
        if state is None:
            continue
        at = state.file - first
        name = names[at].name.decode("utf-8", "replace") if 0 <= at < len(names) else "?"
        yield state.address, None if state.end_sequence else name, state.line
