"""A random guest that does operation after operation.

Operands are mostly right, so that most operations go on; now and then one is anything.
"""

from collections.abc import Iterable, Mapping, Sequence
from random import Random
from typing import TypeAlias

from cases.kernel import build
from cases.machine.code import Code
from model import kernel as k
from model.table import check_names

Cap: TypeAlias = k.Instance | k.ImageCap | k.Data | k.CNodeCap | k.TypeCap
Slots: TypeAlias = Mapping[int, Cap]

PAGE = 4096
BASE = 0x10000
ODD = 0.008  # how often an operand is anything
PLACES = ["instance", "image", "data", "cnode", "type", "gas", "quota", "file", "host_open"]
WEIGHTS = {
    "copy": 4,
    "move": 4,
    "drop": 2,
    "swap": 3,
    "mint_cnode": 2,
    "yield": 3,
    "set_image": 2,
    "derive_spawn": 3,
    "same_type": 2,
    "type_of": 3,
    "read_data": 4,
    "mint_data": 4,
    "open": 2,
    "save": 3,
    "silent": 1,
    "store": 3,
    "load": 2,
}
check_names(
    "runner/assay/random/kernel_guest.py: WEIGHTS",
    [*WEIGHTS, "reply"],
    "kernel.def: OP, silent, store and load",
    [*(record.name for record in k.table.OP), "silent", "store", "load"],
)
NAMES: dict[type[Cap], str] = {
    k.Instance: "instance",
    k.ImageCap: "image",
    k.Data: "data",
    k.CNodeCap: "cnode",
    k.TypeCap: "type",
}


Area: TypeAlias = tuple[int, int]  # where mapped memory begins, and its size
LOW: tuple[Area, ...] = ((BASE, 3 * PAGE),)


class Guest:
    """Writes a program and keeps in mind what the slots hold."""

    def __init__(
        self,
        chance: Random,
        slots: Slots,
        size_log: int = 8,
        pinned: Iterable[int] = (),
        files: int = 0,
        code: Code | None = None,
        areas: Sequence[Area] = LOW,
    ) -> None:
        self.chance = chance
        self.caught = chance.random() < 0.7  # it expects that somebody catches what it yields
        self.files = files  # how many there are, from id 0 on
        self.kinds = {slot: kind_of(cap) for slot, cap in slots.items()}
        self.count = 1 << size_log
        self.areas = areas
        self.pinned = set(pinned)
        self.code = Code() if code is None else code

    def slot(self, *kinds: str, pinned: bool = True) -> int:
        """A slot that holds one of the kinds, or any slot when there is none."""
        found = [
            slot
            for slot, kind in self.kinds.items()
            if kind in kinds and (pinned or slot not in self.pinned) and slot < self.count
        ]
        if not found or self.chance.random() < ODD:
            return self.chance.choice([self.chance.randrange(256), self.chance.randrange(2**64)])
        return self.chance.choice(found) + (self.chance.randrange(2**20) << 8 if self.chance.random() < 0.1 else 0)

    def free(self) -> int:
        """An empty slot that is not pinned."""
        if self.chance.random() < ODD:
            return self.chance.randrange(256)
        while True:
            slot = self.chance.randrange(min(self.count, 100))
            if slot not in self.kinds and slot not in self.pinned:
                return slot

    def target(self) -> int:
        """A destination that may be full."""
        return self.free() if self.chance.random() < 0.8 else self.slot(*PLACES, pinned=False)

    def put(self, slot: int, kind: str) -> None:
        slot %= 256
        if slot < self.count and slot not in self.pinned:
            self.kinds[slot] = kind

    def do(self, name: str | int, **registers: int) -> None:
        build.do(self.code, name, **registers)

    def operation(self) -> None:
        name = self.chance.choices(list(WEIGHTS), list(WEIGHTS.values()))[0]
        getattr(self, f"do_{name}")()

    def do_copy(self) -> None:
        source, target = self.slot(*PLACES, pinned=False), self.free()
        self.do("copy", r7=source, r8=target)
        self.put(target, self.kinds.get(source % 256, "data"))

    def do_move(self) -> None:
        source, target = self.slot(*PLACES, pinned=False), self.free()
        self.do("move", r7=source, r8=target)
        self.put(target, self.kinds.pop(source % 256, "data"))

    def do_drop(self) -> None:
        if len(self.kinds) > 8:
            source = self.slot("cnode", "type", "instance", pinned=False)
            self.do("drop", r7=source)
            self.kinds.pop(source % 256, None)

    def do_swap(self) -> None:
        a, b = self.slot(*PLACES, pinned=False), self.slot(*PLACES, pinned=False)
        self.do("swap", r7=a, r8=b)
        x, y = self.kinds.get(a % 256), self.kinds.get(b % 256)
        if x and y:
            self.kinds[a % 256], self.kinds[b % 256] = y, x

    def do_mint_cnode(self) -> None:
        target = self.free()
        self.do(
            "mint_cnode",
            r7=target,
            r8=self.chance.choice([0, 1, 2, 3, 5, 8, 8, 16, 16 + 256, 3, 2, 17 if self.chance.random() < 0.2 else 4]),
        )
        self.put(target, "cnode")

    def do_yield(self) -> None:
        if self.caught:
            self.do("yield", r7=1 if self.chance.random() < 0.95 else self.slot("instance"))

    def do_set_image(self) -> None:
        if self.chance.random() < 0.3:
            self.do("set_image", r7=self.slot("image"))

    def do_derive_spawn(self) -> None:
        target = self.target()
        self.do("derive_spawn", r7=self.slot("image"), r8=target, r9=0)
        self.put(target, "instance")

    def do_same_type(self) -> None:
        self.do(
            "same_type",
            r7=self.slot("instance", "type", "gas", "file"),
            r8=self.slot("instance", "type", "quota"),
        )

    def do_type_of(self) -> None:
        target = self.target()
        self.do("type_of", r7=self.slot("instance", "type", "gas"), r8=target)
        self.put(target, "type")

    def address(self, size: int) -> int:
        start, whole = self.chance.choice(self.areas)
        if self.chance.random() < ODD:
            return self.chance.choice([0, start - 1, start + whole, 2**32 - 2, self.chance.randrange(2**64)])
        if self.chance.random() < 0.1:
            return start + max(0, whole - size)
        return start + self.chance.randrange(max(1, whole - size))

    def do_read_data(self) -> None:
        size = self.chance.choice([0, 1, 9, 100, PAGE, 2**64 - 1] if self.chance.random() < 0.3 else [3, 30])
        self.do("read_data", r7=self.slot("data"), r8=self.address(min(size, PAGE + 7)), r9=size)

    def do_mint_data(self) -> None:
        size, target = self.chance.choice([0, 1, 7, 64, 500]), self.target()
        self.do("mint_data", r7=self.address(size), r8=size, r9=self.slot("quota"), r10=target)
        self.put(target, "data")

    def do_open(self) -> None:
        target = self.target()
        by_id = self.chance.random() < 0.5
        if not self.files and self.chance.random() > ODD:
            return
        self.do(
            "open",
            r7=self.slot("host_open" if by_id else "file"),
            r8=target,
            r9=self.chance.randrange(max(1, self.files)),
        )
        self.put(target, "data")

    def do_save(self) -> None:
        target = self.target()
        self.do("save", r7=self.slot("data"), r8=self.slot("quota"), r9=target)
        self.put(target, "file")

    def do_silent(self) -> None:
        self.do(self.chance.choice([64, 1000, 2**32 - 1]))

    def do_store(self) -> None:
        build.set_reg(self.code, 1, self.chance.randrange(2**64))
        self.code.op("store_u64", a=1, x=build.selected(self.address(8) & ~7))

    def do_load(self) -> None:
        self.code.op("load_u64", a=2, x=build.selected(self.address(8) & ~7))

    def finish(self) -> Code:
        """Mostly a reply; else one of the faults, or the end of the code."""
        end = self.chance.choices(["reply", "trap", "panic", "page_fault", "end"], [80, 5, 5, 5, 5])[0]
        if end == "reply":
            build.do(self.code, "reply")
        elif end == "trap":
            self.code.trap()
        elif end == "panic":
            self.code.op("jump", offset=b"\x7f")
        elif end == "page_fault":
            self.code.op("load_u8", a=1, x=build.selected(self.chance.choice([0, 0x7000_0000, 2**32 - PAGE])))
        return self.code


def kind_of(cap: Cap) -> str:
    if isinstance(cap, k.Instance):
        for name in ("gas", "quota", "file", "host_open"):
            if cap.chain == k.KERNEL_IMAGE[name]:
                return name
    return NAMES[type(cap)]
