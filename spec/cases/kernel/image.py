"""Admission: each reason alone, at its edge, and each pair of neighbours to show their order."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Unpack

from cases.kernel.build import C, ImageFields, do, image_of, mapping
from cases.kernel.case import Admit, KernelCase, KernelSubject, gathered
from cases.kernel.golden import IMAGE_B, IMAGE_C, IMAGE_EMPTY, IMAGE_K, IMAGE_R
from cases.machine.code import Code
from model import kernel as k

ADMIT = [f"image/admit/{name}" for name, _ in k.table.ADMIT]
PROBES = (*ADMIT, "image/admit/tolerated", "image/decode/empty_path", "image/decode/whole")
GOOD = image_of()
BLOB = GOOD.code
PAGE = 4096


def case(name: str, image: k.Image | bytes, verdict: str | None = None, note: str = "") -> KernelCase:
    """An Image that is admitted, or rejected by image/admit/<verdict>."""
    encoded = image if isinstance(image, bytes) else k.encode(image)
    if verdict is None:
        return KernelCase(name, (), Admit(encoded), probes=PROBES, note=note)
    rule = verdict if "/" in verdict else f"image/admit/{verdict}"
    return KernelCase(name, (rule,), Admit(encoded, rule), probes=PROBES, note=note)


def mapped(*mappings: k.MemoryMapping, **fields: Unpack[ImageFields]) -> k.Image:
    return replace(replace(GOOD, **fields), memory_mappings=list(mappings))


def pinned(slot: int = 70, content: bytes = b"abc", size: int = PAGE, **fields: Unpack[ImageFields]) -> k.Image:
    return replace(replace(GOOD, **fields), pinned_slots={slot: k.PinnedData(content, size)})


def initial(slot: int = 70, content: bytes = b"abc", size: int = PAGE, **fields: Unpack[ImageFields]) -> k.Image:
    return replace(replace(GOOD, **fields), initial_slots={slot: k.InitialData(content, size)})


def with_units(image: k.Image, field: str, *slots: int) -> k.Image:
    """An Image with other gas slots or quota slots."""
    if field == "gas_slots":
        return replace(image, gas_slots=list(slots))
    return replace(image, quota_slots=list(slots))


def codes() -> Iterator[KernelCase]:
    yield case("smallest", GOOD)
    yield case("no_code_at_all", replace(GOOD, code=b"", endpoints={}), "code_header_short")
    for size in range(1, 9):
        yield case(f"code_of_{size}_bytes", replace(GOOD, code=BLOB[:size]), "code_header_short")
    for entry_size in (0, 5, 255):
        code = BLOB[:4] + bytes([entry_size]) + BLOB[5:]
        yield case(f"entry_size_{entry_size}", replace(GOOD, code=code), "code_entry_size")
    yield case("code_cut", replace(GOOD, code=BLOB[:-1]), "code_truncated")
    yield case("code_left_over", replace(GOOD, code=BLOB + b"\0"), "code_trailing_bytes")
    stray = BLOB[:-1] + bytes([BLOB[-1] | 0x80])
    yield case("stray_bit", replace(GOOD, code=stray), "code_stray_bits")
    empty = Code().blob()
    yield case("empty_code_without_endpoint", replace(GOOD, code=empty, endpoints={}))
    yield case("empty_code_with_endpoint", replace(GOOD, code=empty), "entry_pc")


def slots() -> Iterator[KernelCase]:
    for field in ("gas_slots", "quota_slots"):
        for slot in (0, 7, 255):
            yield case(f"{field}_{slot}", with_units(GOOD, field, slot))
        for slot in (256, 2**32 - 1):
            yield case(f"{field}_{slot}", with_units(GOOD, field, slot), "slot_range")
        yield case(f"{field}_repeated", with_units(GOOD, field, 7, 7, 9))
        yield case(f"second_of_{field}_is_256", with_units(GOOD, field, 7, 256), "slot_range")
        yield case(f"pinned_{field}", with_units(pinned(70), field, 70), "unit_slot_pinned")
        yield case(f"second_of_{field}_is_pinned", with_units(pinned(70), field, 7, 70), "unit_slot_pinned")
        yield case(f"initial_{field}", with_units(initial(70), field, 70))
    for slot in (0, 9, 255):
        yield case(f"yield_slot_{slot}", replace(GOOD, yield_marker_slot=slot))
    for slot in (256, 2**32 - 1):
        yield case(f"yield_slot_{slot}", replace(GOOD, yield_marker_slot=slot), "slot_range")
    yield case("yield_slot_pinned", pinned(70, yield_marker_slot=70), "unit_slot_pinned")
    for slot in (0, *range(7, 17)):
        yield case(f"pinned_slot_{slot}", pinned(slot), "reserved_slot")
        yield case(f"initial_slot_{slot}", initial(slot), "reserved_slot")
    for slot in (1, 6, 17, 255):
        yield case(f"pinned_slot_{slot}", pinned(slot))
        yield case(f"initial_slot_{slot}", initial(slot))
    for slot in (256, 2**32 - 1):
        yield case(f"pinned_slot_{slot}", pinned(slot), "slot_range")
        yield case(f"initial_slot_{slot}", initial(slot), "slot_range")
    both = replace(pinned(70), initial_slots={70: k.InitialData(b"", 0)})
    yield case("pinned_and_initial", both, "pinned_and_initial")
    apart = replace(pinned(70), initial_slots={71: k.InitialData(b"", 0)})
    yield case("pinned_beside_initial", apart)
    image_pin = replace(GOOD, pinned_slots={8: k.PinnedImage(C)})
    yield case("pinned_image_in_slot_8", image_pin, "reserved_slot")
    yield case("pinned_image", replace(GOOD, pinned_slots={70: k.PinnedImage(C)}))


def mappings() -> Iterator[KernelCase]:
    top = 2**32
    yield case("one_page", mapped(mapping(0x10000, PAGE, 70)))
    yield case("at_address_0", mapped(mapping(0, PAGE, 70)))
    yield case("last_page", mapped(mapping(top - PAGE, PAGE, 70)))
    yield case("start_1", mapped(mapping(1, PAGE, 70)), "start_unaligned")
    yield case("start_4095", mapped(mapping(4095, PAGE, 70)), "start_unaligned")
    yield case("size_1", mapped(mapping(0, 1, 70)), "size_unaligned")
    yield case("size_4097", mapped(mapping(0, 4097, 70)), "size_unaligned")
    yield case("size_0", mapped(mapping(0, 0, 70)), "size_zero")
    yield case("size_0_at_the_end", mapped(mapping(top, 0, 70)), "size_zero")
    yield case("size_0_beyond_the_end", mapped(mapping(top + PAGE, 0, 70)), "end_range")
    yield case("two_pages_at_the_last", mapped(mapping(top - PAGE, 2 * PAGE, 70)), "end_range")
    yield case("start_2_to_the_32", mapped(mapping(top, PAGE, 70)), "end_range")
    yield case("end_wraps", mapped(mapping(2**64 - PAGE, 2 * PAGE, 70)), "end_range")
    yield case("start_of_2_to_the_64_less_a_page", mapped(mapping(2**64 - PAGE, PAGE, 70)), "end_range")
    yield case("size_of_2_to_the_64_less_a_page", mapped(mapping(PAGE, 2**64 - PAGE, 70)), "end_range")
    yield case("path_empty", mapped(mapping(0, PAGE)), "empty_path")
    yield case("path_from_0", mapped(mapping(0, PAGE, 0)), "path_from_slot_0")
    yield case("path_of_two_steps", mapped(mapping(0, PAGE, 70, 3)))
    yield case("path_of_two_steps_from_0", mapped(mapping(0, PAGE, 0, 3)), "path_from_slot_0")
    yield case("later_step_is_0", mapped(mapping(0, PAGE, 70, 0)))
    yield case("later_step_is_huge", mapped(mapping(0, PAGE, 70, 2**32 - 1)))
    yield case("first_step_is_255", mapped(mapping(0, PAGE, 255)))
    yield case("first_step_is_256", mapped(mapping(0, PAGE, 256)), "slot_range")
    for slot in range(7, 17):
        yield case(f"target_{slot}", mapped(mapping(0, PAGE, slot)))
    yield case("one_target_twice", mapped(mapping(0, PAGE, 70), mapping(PAGE, PAGE, 70)))
    touching = mapped(mapping(0, 2 * PAGE, 70), mapping(2 * PAGE, PAGE, 71))
    yield case("touching", touching)
    over = mapped(mapping(0, 2 * PAGE, 70), mapping(PAGE, PAGE, 71))
    yield case("overlapping_by_a_page", over, "overlap")
    yield case("the_same_twice", mapped(mapping(0, PAGE, 70), mapping(0, PAGE, 70)), "overlap")
    inside = mapped(mapping(PAGE, PAGE, 71), mapping(0, 3 * PAGE, 70))
    yield case("one_inside_another", inside, "overlap")
    far = mapped(mapping(0, PAGE, 70), mapping(5 * PAGE, PAGE, 71), mapping(0, PAGE, 72))
    yield case("overlapping_with_one_between", far, "overlap")
    yield case("pages_65536", mapped(mapping(0, 65536 * PAGE, 70)))
    yield case("pages_65537", mapped(mapping(0, 65537 * PAGE, 70)), "too_many_pages")
    two = mapped(mapping(0, 65535 * PAGE, 70), mapping(2**31, 2 * PAGE, 71))
    yield case("pages_65537_of_two", two, "too_many_pages")
    steps = mapped(mapping(0, 65535 * PAGE, 70, 1), mapping(2**31, 2 * PAGE, 71))
    yield case("ignored_pages_count_too", steps, "too_many_pages")


def contents() -> Iterator[KernelCase]:
    for make, what in ((pinned, "pinned"), (initial, "initial")):
        yield case(f"{what}_content_empty", make(content=b"", size=0))
        yield case(f"{what}_content_as_long_as_its_size", make(content=b"abc", size=3))
        yield case(f"{what}_content_longer", make(content=b"abc", size=2), "content_too_long")
        yield case(f"{what}_content_of_size_0", make(content=b"a", size=0), "content_too_long")
        yield case(f"{what}_content_ends_in_zero", make(content=b"ab\0"), "content_unstripped")
        yield case(f"{what}_content_is_a_zero", make(content=b"\0"), "content_unstripped")
        yield case(f"{what}_content_begins_with_zero", make(content=b"\0a"))
        yield case(f"{what}_size_is_largest", make(size=2**64 - 1))


def endpoints() -> Iterator[KernelCase]:
    code = do(Code(), "reply")
    length = len(code)
    for pc, verdict in ((0, None), (1, "entry_pc"), (length + 1, "entry_pc"), (2**32, "entry_pc")):
        yield case(f"entry_{pc}", replace(GOOD, endpoints={0: k.EndpointDef(pc)}), verdict)
    largest = {0: k.EndpointDef(2**64 - 1)}
    yield case("entry_of_2_to_the_64_less_1", replace(GOOD, endpoints=largest), "entry_pc")
    within = Code().op("load_imm", a=1, x=5)
    middle = len(within)
    do(within, "reply")
    inside = image_of(within, endpoints={0: k.EndpointDef(middle)})
    yield case("entry_inside_a_block", inside, "entry_pc")
    second = {0: k.EndpointDef(0), 1: k.EndpointDef(1)}
    yield case("second_endpoint_is_bad", replace(GOOD, endpoints=second), "entry_pc")
    yield case("without_endpoint", replace(GOOD, endpoints={}))
    every = {index: k.EndpointDef(0) for index in range(256)}
    yield case("all_256_endpoints", replace(GOOD, endpoints=every))
    odd = {0: k.EndpointDef(0, 255, 255, {0: 1, 12: 2, 13: 3, 255: 4})}
    yield case("odd_registers", replace(GOOD, endpoints=odd))


def order() -> Iterator[KernelCase]:
    """An Image that breaks two neighbouring reasons; the first in the order is reported."""
    stray = BLOB[:-1] + bytes([BLOB[-1] | 0x80])
    yield case("stray_bits_before_slot_range", replace(GOOD, code=stray, gas_slots=[256]), "code_stray_bits")
    yield case("slot_range_before_empty_path", mapped(mapping(0, PAGE), gas_slots=[256]), "slot_range")
    yield case("empty_path_before_start", mapped(mapping(1, PAGE)), "empty_path")
    yield case("start_before_size", mapped(mapping(1, 1, 70)), "start_unaligned")
    yield case("size_before_end", mapped(mapping(2**32, 1, 70)), "size_unaligned")
    yield case("end_before_zero", mapped(mapping(2**32, PAGE, 70), mapping(0, 0, 71)), "end_range")
    zero = mapped(mapping(0, 0, 70), mapping(0, PAGE, 71), mapping(0, PAGE, 72))
    yield case("zero_before_overlap", zero, "size_zero")
    both = replace(over_and(70), initial_slots={70: k.InitialData(b"", 0)})
    yield case("overlap_before_pinned_and_initial", both, "overlap")
    two = replace(pinned(70, b"ab", 1), initial_slots={70: k.InitialData(b"", 0)})
    yield case("pinned_and_initial_before_content", two, "pinned_and_initial")
    yield case("content_before_reserved", pinned(8, b"ab", 1), "content_too_long")
    yield case("reserved_before_unit", pinned(8, gas_slots=[8]), "reserved_slot")
    bad_entry = {0: k.EndpointDef(1)}
    yield case("unit_before_entry", pinned(70, gas_slots=[70], endpoints=bad_entry), "unit_slot_pinned")
    yield case("entry_before_unstripped", pinned(70, b"a\0", endpoints=bad_entry), "entry_pc")
    zero_path = replace(pinned(70, b"a\0"), memory_mappings=[mapping(0, PAGE, 0)])
    yield case("unstripped_before_path", zero_path, "content_unstripped")
    many = mapped(mapping(0, 65537 * PAGE, 0))
    yield case("path_before_pages", many, "path_from_slot_0")
    first = replace(GOOD, code=b"")
    yield case("decoding_before_admission", k.encode(first) + b"\0", "image/decode/trailing_bytes")


def over_and(slot: int) -> k.Image:
    over = mapped(mapping(0, PAGE, 70), mapping(0, PAGE, 71))
    return replace(over, pinned_slots={slot: k.PinnedData(b"", 0)})


def golden() -> Iterator[KernelCase]:
    verdicts = {"empty": IMAGE_EMPTY, "r": IMAGE_R, "b": IMAGE_B, "c": IMAGE_C, "k": IMAGE_K}
    for name, encoded in verdicts.items():
        try:
            k.admit(encoded)
        except k.NotAdmitted as reason:
            yield case(f"golden_{name}", encoded, reason.rule)
        else:
            yield case(f"golden_{name}", encoded)


def changed_bytes() -> Iterator[KernelCase]:
    """A whole Image with each byte changed in turn: the verdicts are the model's."""
    whole = k.encode(
        k.Image(
            code=BLOB,
            endpoints={0: k.EndpointDef(0, 1, 2, {1: 7})},
            memory_mappings=[mapping(0x10000, PAGE, 70)],
            gas_slots=[7],
            quota_slots=[8],
            pinned_slots={65: k.PinnedData(b"abc", PAGE), 66: k.PinnedImage(C)},
            initial_slots={70: k.InitialData(b"xyz", PAGE)},
            yield_marker_slot=9,
        )
    )
    for at in range(len(whole)):
        spoilt = bytearray(whole)
        spoilt[at] ^= 0xFF if at % 2 else 0x01
        verdict = None
        try:
            k.admit(bytes(spoilt))
        except (k.DecodeError, k.NotAdmitted) as error:
            verdict = error.rule
        yield case(f"byte_{at}_changed", bytes(spoilt), verdict)


def subjects() -> list[KernelSubject]:
    return [
        gathered("image", "admit_code", codes, endpoints, golden),
        gathered("image", "admit_slots", slots, contents),
        gathered("image", "admit_mappings", mappings),
        gathered("image", "admit_order", order),
        gathered("image", "admit_changed", changed_bytes),
    ]
