"""Encodings: whole values, every cut, every count, key and discriminator gone wrong.

A value is written here as a list of fields, each with what the decoder has to think of it, so that
the verdict on a spoiled value is known without a decoder.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Self

from cases.kernel.build import KINDS, ZERO, A, B, C, cnode, data, entry, image, nested, start
from cases.kernel.case import Decode, KernelCase, KernelSubject
from cases.kernel.golden import (
    IMAGE_B,
    IMAGE_C,
    IMAGE_EMPTY,
    IMAGE_K,
    IMAGE_R,
    STATE_EMPTY,
    STATE_S,
)
from cases.machine.case import Rules
from model import kernel as k

EOF = "image/decode/unexpected_eof"
DISCRIMINATOR = "image/decode/invalid_discriminator"
TOO_LONG = "image/decode/sequence_too_long"
NOT_SORTED = "image/decode/not_sorted"
TRAILING = "image/decode/trailing_bytes"
ERRORS = (EOF, DISCRIMINATOR, TOO_LONG, NOT_SORTED, TRAILING)


@dataclass
class Field:
    """`what` is "plain", "count", "key" or "choice"; `name` is unique in its value."""

    what: str
    name: str
    bytes: bytes
    choices: int = 0  # how many there are
    above: str | None = None  # the key before this one


class Layout:
    """A value, field by field."""

    def __init__(self, type: str) -> None:
        self.type = type
        self.fields: list[Field] = []

    def add(self, what: str, name: str, number: int, size: int, choices: int = 0, above: str | None = None) -> Self:
        self.fields.append(Field(what, name, number.to_bytes(size, "little"), choices, above))
        return self

    def count(self, name: str, number: int) -> Self:
        return self.add("count", name + "_count", number, 4)

    def key(self, name: str, number: int, size: int, above: str | None = None) -> Self:
        return self.add("key", name, number, size, above=above)

    def choice(self, name: str, number: int, limit: int) -> Self:
        return self.add("choice", name, number, 1, limit)

    def number(self, name: str, number: int, size: int) -> Self:
        return self.add("plain", name, number, size)

    def raw(self, name: str, value: bytes) -> Self:
        self.fields.append(Field("plain", name, value))
        return self

    def hash_key(self, name: str, value: bytes, above: str | None = None) -> Self:
        self.fields.append(Field("key", name, value, above=above))
        return self

    def blob(self, name: str, value: bytes) -> Self:
        return self.count(name, len(value)).raw(name, value)

    def encoded(self) -> bytes:
        return b"".join(field.bytes for field in self.fields)

    def places(self) -> Iterator[tuple[int, Field]]:
        """Offset and field, in order."""
        at = 0
        for field in self.fields:
            yield at, field
            at += len(field.bytes)

    def with_bytes(self, name: str, value: bytes) -> bytes:
        """The encoding with one field replaced."""
        fields = [replace(field, bytes=value) if field.name == name else field for field in self.fields]
        return b"".join(field.bytes for field in fields)

    def verdict_of_cut(self, size: int) -> str:
        """What the first `size` bytes decode to, if they are not all: a field that does not fit, or
        a count that is larger than what is left of the input.
        """
        for at, field in self.places():
            if at + len(field.bytes) > size:
                return EOF
            if field.what == "count" and int.from_bytes(field.bytes, "little") > size - at:
                return TOO_LONG
        return "decoded"


def case(
    name: str, type: str, value: bytes, verdict: str = "decoded", notices: Rules = (), note: str = ""
) -> KernelCase:
    """A case that the verdict decides and the other verdicts are near misses of."""
    is_whole = verdict == "decoded"
    rules = ("image/decode/whole",) if is_whole else (verdict, "image/decode/order")
    other = "image/decode/order" if is_whole else "image/decode/whole"
    against = (other, *(error for error in ERRORS if error != verdict))
    return KernelCase(name, rules, Decode(type, value, verdict), against=against, notices=notices, note=note)


def spoiled(layout: Layout) -> Iterator[KernelCase]:
    """A value whole, and with each of its fields wrong."""
    yield case("is_whole", layout.type, layout.encoded())
    yield case("one_byte_is_left_over", layout.type, layout.encoded() + b"\0", TRAILING)
    yield case("it_follows_itself", layout.type, layout.encoded() * 2, TRAILING)
    yield from bad_counts(layout)
    yield from bad_choices(layout)
    yield from bad_keys(layout)


def cuts(layout: Layout, sizes: Iterable[int] | None = None) -> Iterator[KernelCase]:
    """A value cut after each number of bytes."""
    for size in range(len(layout.encoded())) if sizes is None else sizes:
        cut = layout.encoded()[:size]
        yield case(f"ends_after_{size}_bytes", layout.type, cut, layout.verdict_of_cut(size))


def edges(layout: Layout) -> list[int]:
    """Sizes at the ends of fields and one byte before."""
    whole = len(layout.encoded())
    ends = {at + len(field.bytes) for at, field in layout.places()}
    return sorted({size for end in ends for size in (end - 1, end) if 0 <= size < whole})


def bad_counts(layout: Layout) -> Iterator[KernelCase]:
    """Counts beyond the input. A count equal to the bytes from its own start is still tried."""
    whole = len(layout.encoded())
    for at, field in layout.places():
        if field.what == "count":
            for text, value in (("is_one_too_large", whole - at + 1), ("is_the_largest", 2**32 - 1)):
                spoilt = layout.with_bytes(field.name, value.to_bytes(4, "little"))
                yield case(f"{field.name}_{text}", layout.type, spoilt, TOO_LONG)


def bad_choices(layout: Layout) -> Iterator[KernelCase]:
    for _, field in layout.places():
        if field.what == "choice":
            for value in (field.choices, 255):
                spoilt = layout.with_bytes(field.name, bytes([value]))
                yield case(f"{field.name}_is_{value}", layout.type, spoilt, DISCRIMINATOR)


def below(key: bytes) -> bytes:
    """The key one lower, in the order of its type."""
    if len(key) == 32:
        return (int.from_bytes(key, "big") - 1).to_bytes(32, "big")
    return (int.from_bytes(key, "little") - 1).to_bytes(len(key), "little")


def bad_keys(layout: Layout) -> Iterator[KernelCase]:
    """A key equal to the one before it, one lower, and with nothing of its value behind it."""
    keys = {field.name: field.bytes for field in layout.fields}
    for at, field in layout.places():
        if field.what == "key" and field.above:
            before, end = keys[field.above], at + len(field.bytes)
            equal = layout.with_bytes(field.name, before)
            yield case(f"{field.name}_is_twice_there", layout.type, equal, NOT_SORTED)
            lower = layout.with_bytes(field.name, below(before))
            yield case(f"{field.name}_descends", layout.type, lower, NOT_SORTED)
            yield from value_after_bad_key(layout, field, equal, end)


def value_after_bad_key(layout: Layout, field: Field, equal: bytes, end: int) -> Iterator[KernelCase]:
    """The order is looked at when the key is there and before its value."""
    if layout.verdict_of_cut(end) == EOF:
        cut = equal[:end]
        yield case(f"{field.name}_is_twice_there_without_value", layout.type, cut, NOT_SORTED)
        yield case(f"{field.name}_is_twice_there_but_cut", layout.type, cut[:-1], EOF)


# The values


def full_image() -> Layout:
    """An Image with two of everything."""
    layout = Layout("image").blob("code", b"\0\0\0\0\1\1\0\0\0\0\1")
    layout.count("endpoints", 2)
    layout.key("endpoint_1", 1, 1).number("entry_1", 0, 8).number("arg_registers_1", 2, 1)
    layout.number("arg_cnode_1", 3, 1).count("initial_regs_1", 2)
    layout.key("reg_1", 1, 1).number("reg_1_value", 0x4000, 8)
    layout.key("reg_2", 7, 1, "reg_1").number("reg_2_value", 2**64 - 1, 8)
    layout.key("endpoint_2", 200, 1, "endpoint_1").number("entry_2", 0, 8)
    layout.number("arg_registers_2", 0, 1).number("arg_cnode_2", 0, 1).count("initial_regs_2", 0)
    layout.count("mappings", 2)
    layout.number("start_1", 0x1000, 8).number("size_1", 0x2000, 8)
    layout.count("path_1", 1).number("path_1_step_1", 65, 4)
    layout.number("start_2", 0x4000, 8).number("size_2", 0x1000, 8)
    layout.count("path_2", 2).number("path_2_step_1", 66, 4).number("path_2_step_2", 3, 4)
    layout.count("gas_slots", 2).number("gas_slot_1", 7, 4).number("gas_slot_2", 20, 4)
    layout.count("quota_slots", 1).number("quota_slot_1", 8, 4)
    layout.count("pinned", 2).key("pin_1", 66, 4).choice("pin_1_kind", 0, 2)
    layout.blob("pin_1_content", b"abc").number("pin_1_size", 4096, 8)
    layout.key("pin_2", 0x142, 4, "pin_1").choice("pin_2_kind", 1, 2).raw("pin_2_hash", A)
    layout.count("initial", 2).key("initial_1", 65, 4).blob("initial_1_content", b"")
    layout.number("initial_1_size", 0x2000, 8)
    layout.key("initial_2", 0x141, 4, "initial_1").blob("initial_2_content", b"z")
    layout.number("initial_2_size", 1, 8)
    return layout.choice("yield_slot_option", 1, 2).number("yield_slot", 9, 4)


HASHES = sorted((k.hash("bytes", content), content) for content in (b"", b"abc", b"a payload"))


def full_state() -> Layout:
    """A σ with two of everything."""
    layout = Layout("state").count("files", 2)
    layout.key("file_1", 1, 8).raw("file_1_hash", A).number("file_1_size", 3, 8)
    layout.number("file_1_refcount", 1, 4).number("file_1_quota", 0, 8)
    layout.key("file_2", 0x100, 8, "file_1").raw("file_2_hash", B)
    layout.number("file_2_size", 2**64 - 1, 8).number("file_2_refcount", 2**32 - 1, 4)
    layout.number("file_2_quota", 9, 8)
    (first, one), (second, other) = HASHES[:2]
    layout.count("payloads", 2).hash_key("payload_1", first).blob("payload_1_bytes", one)
    layout.hash_key("payload_2", second, "payload_1").blob("payload_2_bytes", other)
    layout.count("codes", 2).key("code_1", 1, 8).blob("code_1_bytes", b"code")
    layout.key("code_2", 2**63, 8, "code_1").blob("code_2_bytes", b"")
    layout.count("vaults", 2).key("vault_1", 1, 8).raw("vault_1_hashes", A + ZERO)
    layout.key("vault_2", 2, 8, "vault_1").raw("vault_2_hashes", B + C)
    layout.count("validators", 1).raw("validator_1", C)
    layout.number("next_file", 257, 8).number("next_code", 2, 8)
    return layout.number("next_vault", 2**64 - 1, 8)


def cnode_fields(layout: Layout) -> Layout:
    """A CNode of 16 slots with one capability of each kind, the CNode with one of its own."""
    layout.number("size_log", 4, 1).count("slots", 5)
    layout.key("slot_1", 1, 4).choice("slot_1_kind", 0, 5).raw("instance", A + B)
    layout.key("slot_2", 2, 4, "slot_1").choice("slot_2_kind", 1, 5).raw("image", B)
    layout.key("slot_5", 5, 4, "slot_2").choice("slot_5_kind", 2, 5)
    layout.number("data_size", 3, 8).raw("data_hash", C)
    layout.key("slot_6", 6, 4, "slot_5").choice("slot_6_kind", 3, 5)
    layout.number("inner_size_log", 1, 1).count("inner_slots", 1).key("inner_slot", 1, 4)
    layout.choice("inner_slot_kind", 4, 5).raw("inner_type", A)
    layout.key("slot_15", 15, 4, "slot_6").choice("slot_15_kind", 4, 5).raw("type", B)
    return layout


def full_cnode() -> Layout:
    return cnode_fields(Layout("cnode"))


def full_cap() -> Layout:
    return cnode_fields(Layout("cap").choice("kind", 3, 5))


def full_world() -> Layout:
    """A World with an Instance, another and a reference between them."""
    layout = Layout("world").raw("state", k.encode(k.State()))
    layout.count("meters", 2).key("meter_1", 1, 8).number("meter_1_gas", 100, 8)
    layout.key("meter_2", 0x100, 8, "meter_1").number("meter_2_gas", 0, 8)
    layout.count("quotas", 2).key("quota_1", 1, 8).number("quota_1_left", 5, 8)
    layout.key("quota_2", 2, 8, "quota_1").number("quota_2_left", 2**64 - 1, 8)
    layout.count("catchers", 2).hash_key("catcher_1", A).count("markers_1", 2)
    layout.raw("marker_1", C).raw("marker_2", B)
    layout.hash_key("catcher_2", B, "catcher_1").count("markers_2", 0)
    layout.count("entries", 3).choice("entry_1_kind", 0, 2).raw("instance_1", A + B)
    layout.blob("image_1", b"not looked at").number("size_log_1", 8, 1).count("slots_1", 1)
    layout.key("slot_1", 255, 4).choice("slot_1_kind", 4, 5).raw("type_1", A)
    layout.choice("entry_2_kind", 1, 2).number("target_2", 0, 4)
    layout.choice("entry_3_kind", 0, 2).raw("instance_3", ZERO + ZERO).blob("image_3", b"")
    return layout.number("size_log_3", 0, 1).count("slots_3", 0)


# Values told whole


def whole_images() -> Iterator[KernelCase]:
    """Images that decode, admissible or not."""
    one = image(endpoints={})
    named = {
        "is_empty": IMAGE_EMPTY,
        "is_of_raw_code": IMAGE_R,
        "is_of_a_code_blob": IMAGE_B,
        "is_of_two_instructions": IMAGE_C,
        "has_every_field": IMAGE_K,
        "has_no_endpoint": one,
        "has_all_256_endpoints": image(endpoints={index: k.EndpointDef() for index in range(256)}, code=b""),
        "has_a_slot_of_every_size": image(
            gas_slots=[0, 255, 256, 2**32 - 1], quota_slots=[2**32 - 1], yield_marker_slot=2**32 - 1
        ),
        "repeats_slots": image(gas_slots=[7, 7, 7], quota_slots=[8, 8]),
        "maps_at_the_largest_numbers": image(memory_mappings=[k.MemoryMapping(2**64 - 1, 2**64 - 1, [2**32 - 1] * 3)]),
        "pins_and_starts_one_slot": image(
            pinned_slots={0: k.PinnedData(b"\0", 0), 2**32 - 1: k.PinnedImage(ZERO)},
            initial_slots={0: k.InitialData(b"\0", 2**64 - 1)},
        ),
        "has_every_register_key": image(
            endpoints={0: k.EndpointDef(initial_regs={key: key for key in range(256)})}, code=b""
        ),
        "enters_at_the_largest_pc": image(endpoints={255: k.EndpointDef(2**64 - 1, 255, 255)}),
    }
    for name, value in named.items():
        yield case(name, "image", value)
    empty_path = image(memory_mappings=[k.MemoryMapping(0x1000, 0x1000, [])])
    found = case("has_an_empty_path", "image", empty_path)
    found.rules += ("image/decode/empty_path",)
    yield found
    one_step = image(memory_mappings=[k.MemoryMapping(0x1000, 0x1000, [1])])
    found = case("has_a_path_of_one_step", "image", one_step)
    found.against += ("image/decode/empty_path",)
    yield found


def wrong_images() -> Iterator[KernelCase]:
    """Small inputs, and which of two errors is met first."""
    yield case("is_no_byte", "image", b"", EOF)
    yield case("is_three_bytes", "image", bytes(3), EOF)
    yield case("is_one_count", "image", bytes(4), EOF)
    yield case("count_equals_the_bytes_from_its_start", "image", b"\4\0\0\0", EOF)
    yield case("count_is_one_more_than_them", "image", b"\5\0\0\0", TOO_LONG)
    yield case("count_has_a_high_byte", "image", b"\0\0\0\1" + bytes(40), TOO_LONG)
    zeros = len(IMAGE_EMPTY)
    yield case("is_one_zero_short", "image", bytes(zeros - 1), EOF)
    yield case("is_one_zero_too_long", "image", bytes(zeros + 1), TRAILING)
    yield case("is_all_ones", "image", b"\xff" * zeros, TOO_LONG)
    option = IMAGE_EMPTY[:-1]
    yield case("option_of_2_comes_before_left_over_bytes", "image", option + b"\2\0", DISCRIMINATOR)
    yield case("option_without_its_slot", "image", option + b"\1\0\0\0", EOF)
    yield case("option_with_a_byte_too_many", "image", option + b"\1\0\0\0\0\0", TRAILING)
    yield case("option_of_0_with_a_slot", "image", option + b"\0\0\0\0\0", TRAILING)
    yield case("option_of_2_ends_the_input", "image", option + b"\2", DISCRIMINATOR)
    pin = image(pinned_slots={20: k.PinnedImage(A)}, code=b"", endpoints={})
    at = pin.index(A) - 1
    yield case("first_of_two_discriminators", "image", pin[:at] + b"\2" + pin[at + 1 : -1], DISCRIMINATOR)
    yield case("discriminator_comes_before_its_value", "image", pin[:at] + b"\2", DISCRIMINATOR)
    two = image(endpoints={3: k.EndpointDef(), 4: k.EndpointDef()}, code=b"")
    key = 8 + 1 + 14
    unsorted = two[:key] + b"\3" + two[key + 1 :]
    yield case("unsorted_keys_come_before_an_option_of_2", "image", unsorted[:-1] + b"\2", NOT_SORTED)
    yield case("unsorted_keys_come_before_left_over_bytes", "image", unsorted + b"\0", NOT_SORTED)
    long = two[: key + 11] + b"\xff" * 4 + two[key + 15 :]
    yield case("count_of_a_value_in_sorted_keys", "image", long, TOO_LONG)
    both = long[:key] + b"\3" + long[key + 1 :]
    yield case("unsorted_key_comes_before_the_count_of_its_value", "image", both, NOT_SORTED)
    wide = two[:4] + b"\xff\xff\xff\xff" + unsorted[8:]
    yield case("count_comes_before_unsorted_keys", "image", wide, TOO_LONG)


def whole_states() -> Iterator[KernelCase]:
    yield case("is_empty", "state", STATE_EMPTY)
    yield case("is_of_one_chain", "state", STATE_S)
    wrong = k.State(data_payloads={A: b"stored under another hash"})
    yield case("has_a_payload_under_another_hash", "state", k.encode(wrong))
    ids = k.State(counters=k.IdCounters(2**64 - 1, 2**64 - 1, 2**64 - 1))
    yield case("has_the_largest_counters", "state", k.encode(ids))
    validators = k.State(validators=[B, A, A])
    yield case("has_validators_in_any_order", "state", k.encode(validators))
    zeros = len(STATE_EMPTY)
    yield case("is_no_byte", "state", b"", EOF)
    yield case("is_one_zero_short", "state", bytes(zeros - 1), EOF)
    yield case("is_one_zero_too_long", "state", bytes(zeros + 1), TRAILING)
    by_number = (1).to_bytes(8, "little"), (256).to_bytes(8, "little")
    codes = [key + b"\0\0\0\0" for key in by_number]
    head, tail = bytes(8) + b"\2\0\0\0", bytes(8 + 24)
    yield case("keys_are_ordered_as_numbers", "state", head + b"".join(codes) + tail)
    swapped = head + b"".join(reversed(codes)) + tail
    yield case("keys_are_not_ordered_as_bytes", "state", swapped, NOT_SORTED)
    low, high = b"\0" * 31 + b"\2", b"\1" + b"\0" * 31
    paid = [key + b"\0\0\0\0" for key in (low, high)]
    head, tail = bytes(4) + b"\2\0\0\0", bytes(12 + 24)
    yield case("hashes_are_ordered_from_their_first_byte", "state", head + b"".join(paid) + tail)
    swapped = head + b"".join(reversed(paid)) + tail
    yield case("hashes_are_not_ordered_as_numbers", "state", swapped, NOT_SORTED)


def whole_caps() -> Iterator[KernelCase]:
    for name, cap in KINDS.items():
        encoded = k.encode(cap)
        yield case(f"{name}_is_whole", "cap", encoded)
        yield case(f"{name}_with_a_byte_too_many", "cap", encoded + b"\0", TRAILING)
        yield case(f"{name}_without_its_last_byte", "cap", encoded[:-1], EOF)
        yield case(f"{name}_is_only_its_kind", "cap", encoded[:1], EOF)
    yield case("is_no_byte", "cap", b"", EOF)
    for kind in range(5, 10):
        yield case(f"kind_{kind}_is_unknown", "cap", bytes([kind]) + bytes(80), DISCRIMINATOR)
    yield case("unknown_kind_ends_the_input", "cap", b"\5", DISCRIMINATOR)
    yield case("has_the_largest_size", "cap", k.encode(data(b"", 2**64 - 1)))
    for depth, verdict in ((14, "decoded"), (15, "decoded"), (16, DISCRIMINATOR)):
        encoded = k.encode(k.CNodeCap(nested(depth)))
        yield case(f"cnode_is_{depth + 1}_deep", "cap", encoded, verdict)
    yield case("cnode_is_17_deep_and_cut", "cap", k.encode(k.CNodeCap(nested(16)))[:-5], DISCRIMINATOR)
    yield case("cnode_is_16_deep_and_cut", "cap", k.encode(k.CNodeCap(nested(15)))[:-5], EOF)


def slots_text(*slots: int, size_log: int = 2) -> bytes:
    """A CNode with these slots in this order, each a Type."""
    texts = [slot.to_bytes(4, "little") + b"\4" + A for slot in slots]
    return bytes([size_log]) + len(slots).to_bytes(4, "little") + b"".join(texts)


def whole_cnodes() -> Iterator[KernelCase]:
    for size_log in range(17):
        yield case(f"has_2_to_the_{size_log}_slots", "cnode", slots_text(size_log=size_log))
        last = (1 << size_log) - 1
        full = slots_text(last, size_log=size_log)
        yield case(f"last_of_2_to_the_{size_log}_slots_is_full", "cnode", full)
        beyond = slots_text(last + 1, size_log=size_log)
        yield case(f"slot_beyond_2_to_the_{size_log}_is_full", "cnode", beyond, DISCRIMINATOR)
    for size_log in (17, 32, 64, 255):
        yield case(f"size_log_is_{size_log}", "cnode", slots_text(size_log=size_log), DISCRIMINATOR)
    yield case("size_log_is_17_and_nothing_follows", "cnode", b"\x11", DISCRIMINATOR)
    yield case("size_log_is_16_and_nothing_follows", "cnode", b"\x10", EOF)
    yield case("size_log_of_17_comes_before_its_count", "cnode", b"\x11\xff\xff\xff\xff", DISCRIMINATOR)
    yield case("has_all_4_slots", "cnode", slots_text(0, 1, 2, 3))
    yield case("has_a_slot_twice", "cnode", slots_text(1, 1), NOT_SORTED)
    yield case("has_slots_that_descend", "cnode", slots_text(2, 1), NOT_SORTED)
    yield case("slot_beyond_the_end_descends", "cnode", slots_text(2**32 - 1, 4), DISCRIMINATOR)
    yield case("second_slot_is_beyond_the_end", "cnode", slots_text(3, 4), DISCRIMINATOR)
    beyond = slots_text(4)
    yield case("slot_beyond_the_end_has_no_value", "cnode", beyond[: -len(A) - 1], DISCRIMINATOR)
    yield case("slot_beyond_the_end_has_an_unknown_kind", "cnode", beyond[:9] + b"\7", DISCRIMINATOR)
    yield case("slot_within_has_an_unknown_kind", "cnode", slots_text(3)[:9] + b"\7", DISCRIMINATOR)
    yield case("key_of_a_slot_is_cut", "cnode", beyond[:8], EOF)
    yield case("is_no_byte", "cnode", b"", EOF)
    for depth, verdict in ((14, "decoded"), (15, "decoded"), (16, DISCRIMINATOR), (17, DISCRIMINATOR)):
        yield case(f"has_{depth}_others_inside", "cnode", k.encode(nested(depth)), verdict)
    two = k.CNode(1, {0: k.CNodeCap(nested(14)), 1: k.CNodeCap(nested(14))})
    yield case("has_two_of_the_deepest_side_by_side", "cnode", k.encode(two))
    root = cnode(dict(enumerate(KINDS.values())))
    yield case("is_a_root_with_every_kind", "cnode", root)


def whole_worlds() -> Iterator[KernelCase]:
    yield case("is_empty", "world", start())
    yield case("is_no_byte", "world", b"", EOF)
    yield case("is_a_state", "world", STATE_EMPTY, EOF)
    yield case("has_one_entry", "world", start([entry()]))
    yield case("refers_to_itself", "world", start([k.ReferenceEntry(0)]))
    yield case("refers_to_nothing", "world", start([k.ReferenceEntry(2**32 - 1)]))
    yield case("has_a_payload_under_another_hash", "world", start(state=k.State(data_payloads={A: b""})))
    yield case("has_a_payload_under_zeros", "world", start(state=k.State(data_payloads={ZERO: b"", A: b""})))
    yield case("has_a_catcher_under_zeros", "world", start(catchers={ZERO: [A], A: [B]}))
    yield case("repeats_a_marker", "world", start(catchers={A: [B, B, A]}))
    yield case("root_has_2_to_the_9_slots", "world", start([entry(size_log=9)]))
    yield case("has_257_entries", "world", start([k.ReferenceEntry(0)] * 257))
    deep = start([k.InstanceEntry(bytes(64), b"", nested(15))])
    yield case("root_has_15_others_inside", "world", deep)
    too_deep = start([k.InstanceEntry(bytes(64), b"", nested(16))])
    yield case("root_has_16_others_inside", "world", too_deep, DISCRIMINATOR)


def subject(name: str, *cases: Iterable[KernelCase]) -> KernelSubject:
    return KernelSubject("image", name, [case for some in cases for case in some])


def subjects() -> list[KernelSubject]:
    images, states, caps, cnodes = full_image(), full_state(), full_cap(), full_cnode()
    worlds = full_world()
    return [
        subject("decode_image", spoiled(images), whole_images(), wrong_images()),
        subject("cut_image", cuts(images)),
        subject("decode_state", spoiled(states), whole_states()),
        subject("cut_state", cuts(states)),
        subject("decode_cap", spoiled(caps), whole_caps(), cuts(caps, edges(caps))),
        subject("decode_cnode", spoiled(cnodes), whole_cnodes(), cuts(cnodes)),
        subject("decode_world", spoiled(worlds), whole_worlds(), cuts(worlds, edges(worlds))),
    ]
