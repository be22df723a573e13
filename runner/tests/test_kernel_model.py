"""Does the kernel model do what its chapters say: operations, activations, yields, chains, records?"""

import random
import sys

import model
import pytest
import test_kernel_codec as codec
from kernel_images import (
    ECALL, FALLTHROUGH, REPLY, RICH, TRAP, ZERO, Events, call, catcher, code, data, dump_of, entry, handle, image, k,
    mapping, op, payloads, run, set_reg, slots_of, store_u32, world,
)

PAGE = 4096
MARKER = b"\x4d" * 32
OOG = k.KERNEL_IMAGE["oog_marker"]
TYPE = k.TypeCap(b"\x77" * 32)
OTHER = k.Instance(b"\x66" * 32, b"\x55" * 32)


def state(*contents, files=None, next_file_id=0):
    return k.State(data_payloads=payloads(*contents), data_blobs=files or {}, counters=k.IdCounters(next_file_id))


def of(*instructions, **fields):
    """An Image that does this and then replies."""
    return image(*instructions, REPLY, **fields)


def after(instructions, slots=None, where=None, **fields):
    """The Result of operations that must succeed."""
    result = run(where or world(), of(*instructions, **fields), slots)
    assert (result.outcome, result.exit, result.argument) == ("halt", "halt", 0)
    return result


def traps(instructions, slots=None, size_log=8, where=None, **fields):
    """An operation traps and nothing has changed, except that its block is paid."""
    where = where or world()
    before, events = where.dump(), Events()
    result = run(where, of(*instructions, **fields), slots, size_log=size_log, observer=events)
    assert (result.outcome, result.exit, result.argument) == ("faulted", "trap", 0)
    assert slots_of(result) == (slots or {}) and where.dump() == before
    assert [record.kind for record in events.records] == [1, 0, 3]
    operation = events.records[1]
    assert operation.result == 1 and events.records[2].operands == operation.operands == result.regs[7:13]
    assert not any((operation.slots, operation.meters, operation.quotas, operation.files, operation.payloads))
    assert result.pc == len(b"".join(instructions)) and 0 < result.gas_used == RICH - result.gas


# Capabilities


def test_copy_and_move():
    assert slots_of(after(call(1, r7=20, r8=21), {20: TYPE})) == {20: TYPE, 21: TYPE}
    assert slots_of(after(call(2, r7=20, r8=21), {20: TYPE})) == {21: TYPE}
    assert slots_of(after(call(1, r7=2**40 + 20, r8=256 + 10), {20: TYPE})) == {20: TYPE, 10: TYPE}
    for number in (1, 2):
        traps(call(number, r7=20, r8=21))
        traps(call(number, r7=20, r8=20), {20: TYPE})
        traps(call(number, r7=20, r8=21), {20: TYPE, 21: OTHER})
        traps(call(number, r7=4, r8=3), {3: TYPE}, size_log=2)
        traps(call(number, r7=3, r8=4), {3: TYPE}, size_log=2)
        pins = {21: k.PinnedImage(ZERO)}
        traps(call(number, r7=20, r8=21), {20: TYPE}, pinned_slots=pins)
        traps(call(number, r7=21, r8=20), {21: TYPE}, pinned_slots=pins)


def test_drop():
    assert slots_of(after(call(3, r7=20), {20: TYPE})) == {}
    assert slots_of(after(call(3, r7=7), {7: handle("gas", 0)})) == {}
    traps(call(3, r7=20))
    traps(call(3, r7=20), {20: TYPE}, pinned_slots={20: k.PinnedImage(ZERO)})


def test_swap():
    assert slots_of(after(call(4, r7=20, r8=21), {20: TYPE, 21: OTHER})) == {20: OTHER, 21: TYPE}
    assert slots_of(after(call(4, r7=20, r8=21), {20: TYPE})) == {21: TYPE}
    assert slots_of(after(call(4, r7=20, r8=21))) == {}
    assert slots_of(after(call(4, r7=20, r8=20), {20: TYPE})) == {20: TYPE}
    for a, b in ((20, 21), (21, 20), (20, 20)):
        traps(call(4, r7=a, r8=b), {20: TYPE}, pinned_slots={20: k.PinnedImage(ZERO)})
    traps(call(4, r7=4, r8=4), {}, size_log=2)


def test_mint_cnode():
    assert slots_of(after(call(5, r7=20, r8=256 + 16))) == {20: k.CNodeCap(k.CNode(16))}
    traps(call(5, r7=20, r8=17))
    traps(call(5, r7=20, r8=0), {20: TYPE})
    traps(call(5, r7=20, r8=0), pinned_slots={20: k.PinnedImage(ZERO)})


def test_moves_write_no_register():
    result = after(call(1, r7=20, r8=21, r9=5), {20: TYPE})
    assert result.regs == [0] * 7 + [20, 21, 5, 0, 0, 0]


# Host operations


def test_reply_and_value():
    result = after([set_reg(7, 42)])
    assert result.regs[7] == 42 and result.gas_used > 0 and result.pc == len(set_reg(7, 42)) + 5


def test_ecall_takes_the_operation_from_register_11():
    assert run(world(), image(ECALL)).outcome == "halt"
    result = run(world(), image(set_reg(11, 2**32), ECALL))
    assert (result.outcome, result.pc) == ("halt", 11)
    result = run(world(), image(set_reg(11, 2**32 + 6), ECALL))
    assert (result.outcome, result.exit, result.pc) == ("faulted", "trap", 11)


def test_unassigned_and_silent_operations():
    for number in (*range(6, 16), 19, *range(26, 64)):
        traps(call(number))
    for number in (64, 999, 2**31 - 1, 2**31, 2**32 - 1):
        assert after(call(number)).regs == [0] * 13


def test_operation_at_the_end_of_the_code_goes_on_into_the_implicit_trap():
    result = run(world(), image(op(64)))
    assert (result.outcome, result.exit, result.pc, result.gas_used) == ("faulted", "trap", 5, 97 + 1)


def test_derive_spawn():
    own, h = b"\1" * 32, b"\2" * 32
    slots = {20: k.ImageCap(h), 21: TYPE}
    result = run(world(), of(*call(18, r7=20, r8=21)), slots, instance=own + b"\3" * 32)
    assert slots_of(result) == {20: k.ImageCap(h), 21: k.Instance(k.hash("chain", own + h))}
    assert slots_of(after(call(18, r7=20, r8=20), slots))[20].content == ZERO
    traps(call(18, r7=20, r8=21, r9=1), slots)
    traps(call(18, r7=20, r8=21, r9=2**63), slots)
    traps(call(18, r7=21, r8=20), slots)
    traps(call(18, r7=20, r8=21), slots, pinned_slots={21: k.PinnedImage(ZERO)})


def test_same_type_and_type_of():
    slots = {20: OTHER, 21: k.TypeCap(OTHER.chain), 22: TYPE, 23: k.ImageCap(OTHER.chain)}
    assert after(call(20, r7=20, r8=21), slots).regs[7] == 1
    assert after(call(20, r7=20, r8=22), slots).regs[7] == 0
    assert after(call(20, r7=20, r8=21), slots, pinned_slots={20: k.PinnedImage(ZERO)}).regs[7] == 1
    assert slots_of(after(call(21, r7=20, r8=20), slots))[20] == k.TypeCap(OTHER.chain)
    assert slots_of(after(call(21, r7=22, r8=30), slots))[30] == TYPE
    for a, b in ((20, 23), (23, 20), (20, 30), (30, 20)):
        traps(call(20, r7=a, r8=b), slots)
    traps(call(21, r7=23, r8=30), slots)
    traps(call(21, r7=20, r8=30), slots, pinned_slots={30: k.PinnedImage(ZERO)})


MAPPED = [mapping(0x1000, PAGE, 30), mapping(0x2000, PAGE, 31), mapping(0x4000, PAGE, 32)]
READ_ONLY = {31: k.PinnedData(b"", PAGE)}
BOTH = {"memory_mappings": MAPPED, "pinned_slots": READ_ONLY}


def page_of(result, address):
    return k.decode("pages", result.pages)[address].bytes


def test_read_data():
    where = world(state=state(b"abcd"))
    result = after(call(22, r7=20, r8=2**32 + 0x1FFE, r9=2), {20: data(b"abcd")}, where, **BOTH)
    assert page_of(result, 0x1000) == bytes(0xFFE) + b"ab" and result.regs[7] == 2
    result = after(call(22, r7=20, r8=0x1000, r9=2**64 - 1), {20: data(b"abcd", 6)}, where, **BOTH)
    assert page_of(result, 0x1000) == b"abcd" and result.regs[7] == 6
    assert after(call(22, r7=20, r8=0x9000, r9=0), {20: data(b"abcd")}, where, **BOTH).regs[7] == 0
    assert after(call(22, r7=20, r8=2**32 - 1, r9=9), {20: data(b"abcd", 0)}, where, **BOTH).regs[7] == 0
    missing = after([*call(22, r7=20, r8=0x1000, r9=4)], {20: data(b"none"), 30: data(b"abcd")}, where, **BOTH)
    assert page_of(missing, 0x1000) == b"" and missing.regs[7] == 4


def test_read_data_traps():
    slots, where = {20: data(b"abcd"), 21: data(b"abcd", 2**64 - 1), 22: TYPE}, world(state=state(b"abcd"))
    for address, length in ((0x1FFD, 4), (0x2000, 1), (0xFFF, 2), (0x3FFF, 2), (0x5000, 1), (2**32 - 1, 1)):
        traps(call(22, r7=20, r8=address, r9=length), slots, where=where, **BOTH)
    traps(call(22, r7=21, r8=0x1000, r9=2**64 - 1), slots, where=where, **BOTH)
    traps(call(22, r7=21, r8=0x1000, r9=PAGE + 1), slots, where=where, **BOTH)
    traps(call(22, r7=22, r8=0x1000, r9=0), slots, where=where, **BOTH)
    top = {"memory_mappings": [mapping(2**32 - PAGE, PAGE, 30)]}
    traps(call(22, r7=20, r8=2**32 - 3, r9=4), slots, where=where, **top)
    assert after(call(22, r7=20, r8=2**32 - 4, r9=4), slots, world(state=state(b"abcd")), **top).regs[7] == 4


def test_mint_data():
    store = [set_reg(1, 0x64636261), store_u32(1, 0x1000)]
    slots = {20: handle("quota", 9), 21: TYPE}
    where = world(quotas={9: 1000})
    result = run(where, image(*store, *call(23, r7=0x1000, r8=11, r9=20, r10=21), REPLY, **BOTH), slots)
    assert slots_of(result)[21] == data(b"abcd", 11)
    dump = dump_of(where)
    assert dump.tables.quotas == {9: 989} and b"abcd" in dump.state.data_payloads.values()
    where = world(quotas={9: 0x2000})
    minted = slots_of(after(call(23, r7=0x1000, r8=0x2000, r9=20, r10=20), slots, where, **BOTH))
    assert minted[20] == data(b"", 0x2000) and dump_of(where).tables.quotas == {}
    assert slots_of(after(call(23, r7=0x9000, r8=0, r9=20, r10=33), slots, **BOTH))[33] == data(b"")
    for address, length in ((0xFFF, 2), (0x2FFF, 2), (0x1000, 0x2001), (0x1000, 2**64 - 1), (2**32 - 1, 1)):
        traps(call(23, r7=address, r8=length, r9=20, r10=21), slots, where=world(quotas={9: 2**64 - 1}), **BOTH)
    traps(call(23, r7=0x1000, r8=8, r9=20, r10=21), slots, where=world(quotas={9: 7}), **BOTH)
    traps(call(23, r7=0x1000, r8=1, r9=21, r10=21), slots, where=world(quotas={9: 7}), **BOTH)
    traps(call(23, r7=0x1000, r8=1, r9=20, r10=31), slots, where=world(quotas={9: 7}), **BOTH)
    traps(call(23, r7=0x1000, r8=0, r9=22, r10=21), {**slots, 22: handle("gas", 9)}, **BOTH)


def test_the_other_bytes_of_a_handle_are_ignored():
    odd = k.Instance(k.KERNEL_IMAGE["quota"], (9).to_bytes(8, "little") + b"\xff" * 24)
    where = world(quotas={9: 1})
    after(call(23, r7=0x1000, r8=1, r9=20, r10=21), {20: odd}, where, **BOTH)
    assert dump_of(where).tables.quotas == {}


def test_save_and_open():
    slots = {20: data(b"x" * 100), 21: handle("quota", 2)}
    where = world(quotas={2: 1000})
    result = after([*call(25, r7=20, r8=21, r9=22), *call(24, r7=22, r8=23)], slots, where)
    assert slots_of(result)[22] == handle("file", 0) and slots_of(result)[23] == slots[20]
    dump = dump_of(where)
    assert dump.tables.quotas == {2: 900} and dump.state.counters.next_file_id == 1
    assert dump.state.data_blobs == {0: k.DataBlob(slots[20].hash, 100, 1, 2)} and not dump.state.data_payloads
    traps(call(25, r7=20, r8=21, r9=22), slots, where=world(quotas={2: 99}))
    after(call(25, r7=20, r8=21, r9=22), slots, world(quotas={2: 100}))
    traps(call(25, r7=20, r8=21, r9=22), slots, where=world(state=state(next_file_id=2**64 - 1), quotas={2: 100}))
    after(call(25, r7=20, r8=21, r9=22), slots, world(state=state(next_file_id=2**64 - 2), quotas={2: 100}))
    traps(call(25, r7=21, r8=21, r9=22), slots, where=world(quotas={2: 100}))
    traps(call(25, r7=20, r8=20, r9=22), slots, where=world(quotas={2: 100}))
    traps(call(25, r7=20, r8=21, r9=22), slots, where=world(quotas={2: 100}), pinned_slots={22: k.PinnedImage(ZERO)})


def test_open():
    files = {7: k.DataBlob(MARKER, 3, 1, 0)}
    slots = {20: handle("file", 7), 21: k.Instance(k.KERNEL_IMAGE["host_open"]), 22: handle("file", 8), 23: OTHER}
    where = world(state=state(files=files))
    assert slots_of(after(call(24, r7=20, r8=30), slots, where))[30] == k.Data(3, MARKER)
    assert slots_of(after(call(24, r7=21, r8=20, r9=7), slots, where))[20] == k.Data(3, MARKER)
    for file_slot, number in ((21, 8), (21, 2**63 + 7), (22, 7), (23, 7), (24, 7)):
        traps(call(24, r7=file_slot, r8=30, r9=number), slots, where=where)
    traps(call(24, r7=20, r8=30), slots, where=where, pinned_slots={30: k.PinnedImage(ZERO)})


# set_image

NEXT = image(
    op(0),
    memory_mappings=[mapping(0x8000, PAGE, 60)],
    gas_slots=[7],
    pinned_slots={40: k.PinnedData(b"new", 8), 41: k.PinnedImage(MARKER)},
    initial_slots={42: k.InitialData(b"first", 5)},
    yield_marker_slot=9,
)
ENCODED_NEXT = k.encode(NEXT)
NEXT_CAP = k.ImageCap(k.hash("image", ENCODED_NEXT))


def test_set_image():
    where = world(state=state(ENCODED_NEXT))
    own = b"\1" * 32
    old = of(*call(17, r7=20), *call(2, r7=21, r8=50), pinned_slots={21: k.PinnedImage(ZERO), 40: k.PinnedImage(ZERO)})
    result = run(where, old, {20: NEXT_CAP, 21: TYPE, 40: TYPE}, instance=own + b"\2" * 32)
    assert (result.outcome, result.exit) == ("faulted", "trap")  # slot 21 is empty now, so it cannot be moved
    assert slots_of(result) == {20: NEXT_CAP, 40: data(b"new", 8), 41: k.ImageCap(MARKER)}
    assert result.instance == k.hash("chain", own + NEXT_CAP.hash) + b"\2" * 32
    assert {b"new", b"first"} < set(dump_of(where).state.data_payloads.values())


def test_set_image_pins_at_once():
    slots = {20: NEXT_CAP, 30: TYPE}
    result = run(world(state=state(ENCODED_NEXT)), of(*call(17, r7=20), *call(3, r7=40)), slots)
    assert result.outcome == "faulted" and 40 in slots_of(result)
    old = of(*call(17, r7=20), *call(1, r7=30, r8=21), pinned_slots={21: k.PinnedImage(ZERO)})
    result = run(world(state=state(ENCODED_NEXT)), old, slots)
    assert result.outcome == "halt" and slots_of(result)[21] == TYPE


def test_set_image_traps():
    where = world(state=state(ENCODED_NEXT, ENCODED_NEXT + b"\0", codec.RAW))
    traps(call(17, r7=20), {20: NEXT_CAP, 41: TYPE}, where=where)
    traps(call(17, r7=40), {40: NEXT_CAP}, where=where)
    for bytes_ in (ENCODED_NEXT + b"\0", codec.RAW, b"not stored"):
        traps(call(17, r7=20), {20: k.ImageCap(k.hash("bytes", bytes_))}, where=where)
    traps(call(17, r7=20), {20: TYPE}, where=where)
    traps(call(17, r7=20), where=where)


def test_set_image_leaves_memory_and_meter_until_the_end():
    stores = [set_reg(1, 0x41414141), store_u32(1, 0x1000), store_u32(1, 0x2000)]
    old = of(*call(17, r7=20), *stores, gas_slots=[8], memory_mappings=[mapping(0x1000, PAGE, 50), mapping(0x2000, PAGE, 40)])
    slots = {20: NEXT_CAP, 8: handle("gas", 5), 7: handle("gas", 6)}
    where = world(state=state(ENCODED_NEXT), meters={5: 5000, 6: 6000})
    result = run(where, old, slots)
    assert result.outcome == "halt" and slots_of(result)[50] == data(b"AAAA", PAGE)
    assert slots_of(result)[40] == data(b"new", 8) and 60 not in slots_of(result)
    assert dump_of(where).tables.meters == {5: result.gas, 6: 6000}


# Activations


def test_registers_at_the_start():
    what = image(REPLY, endpoints={3: k.EndpointDef(0, 0, 0, {0: 5, 11: 64, 12: 7, 13: 8, 255: 9})})
    result = run(world(), what, endpoint=3)
    assert result.regs == [5] + [0] * 10 + [64, 7]
    result = run(world(), of(FALLTHROUGH), endpoint=9)
    assert result.regs == [0] * 11 + [9, 0] and result.outcome == "halt"
    result = run(world(), image(endpoints={}), endpoint=9)
    assert (result.exit, result.pc, result.gas_used) == ("panic", 0, 0)


def test_mappings():
    what = image(
        bytes([52, 1]) + (0x2000).to_bytes(4, "little"),
        store_u32(1, 0x2000),
        pinned_slots={31: k.PinnedData(b"ro", PAGE)},
        memory_mappings=[mapping(0x1000, 2 * PAGE, 30), mapping(0x7000, PAGE, 32, 1)],
    )
    long = b"\1" * (3 * PAGE)
    result = run(world(state=state(long)), what, {30: data(long, 1)})
    assert (result.exit, result.regs[1]) == ("trap", 1)
    pages = k.decode("pages", result.pages)
    assert sorted(pages) == [0x1000, 0x2000] and pages[0x2000].bytes == b"\1\0\0\0" + b"\1" * (PAGE - 4)
    read_only = k.Image(what.code, what.endpoints, [mapping(0x2000, PAGE, 31)], [], [], what.pinned_slots)
    result = run(world(state=state(b"ro")), read_only, {31: data(b"ro")})
    assert (result.exit, result.argument, result.outcome) == ("page_fault", 0x2000, "faulted")
    assert result.regs[1] == ord("r") and page_of(result, 0x2000) == b"ro"
    for slots in ({}, {31: TYPE}, {31: data(b"absent")}):
        assert run(world(state=state(b"ro")), read_only, slots).regs[1] == 0


def test_write_back():
    what = of(
        set_reg(1, 0x44434241),
        store_u32(1, 0),
        memory_mappings=[mapping(0, PAGE, 3), mapping(PAGE, PAGE, 4, 5), mapping(0x3000, PAGE, 31), mapping(0x2000, PAGE, 5)],
        pinned_slots=READ_ONLY,
    )
    where, events = world(), Events()
    result = run(where, what, {0: TYPE, 5: OTHER}, observer=events)
    assert slots_of(result) == {0: TYPE, 3: data(b"ABCD", PAGE), 5: data(b"", PAGE)}
    assert set(dump_of(where).state.data_payloads.values()) == {b"ABCD", b""}
    exit = events.records[-1]
    assert (exit.kind, exit.result, exit.exit, exit.argument) == (3, 0, 0, 0)
    assert [change.slot for change in exit.slots] == [3, 5]
    assert [change.before for change in exit.payloads] == [None, None]
    assert {change.after for change in exit.payloads} == {0, 4}


def test_write_back_skips_what_a_small_cnode_has_not_got():
    what = of(memory_mappings=[mapping(0, PAGE, 3), mapping(PAGE, PAGE, 4)])
    where = world()
    result = run(where, what, size_log=2)
    assert slots_of(result) == {3: data(b"", PAGE)}
    what = of(set_reg(1, 1), store_u32(1, PAGE), memory_mappings=[mapping(PAGE, PAGE, 4)], gas_slots=[4])
    where = world()
    assert run(where, what, size_log=2).outcome == "halt" and dump_of(where).state.data_payloads == {}


def test_later_mapping_of_the_same_target_wins():
    what = of(set_reg(1, 5), store_u32(1, 0), memory_mappings=[mapping(0x1000, PAGE, 3), mapping(0, PAGE, 3)])
    assert slots_of(run(world(), what))[3] == data(b"\5", PAGE)


def test_gas_from_the_budget_or_the_meter():
    metered = of(gas_slots=[20])
    slots = {20: handle("gas", 5)}
    where = world(meters={5: 777})
    result = run(where, metered, slots, gas=RICH)
    assert result.gas + result.gas_used == 777 and dump_of(where).tables.meters == {5: result.gas}
    where = world()
    result = run(where, metered, slots, gas=888)
    assert result.gas + result.gas_used == 888 and dump_of(where).tables.meters == {5: result.gas}
    for other in ({}, {20: handle("quota", 5)}, {20: TYPE}):
        where = world(meters={5: 777})
        result = run(where, metered, other, gas=888)
        assert result.gas + result.gas_used == 888 and dump_of(where).tables.meters == {5: 777}
    where = world(meters={5: 777})
    result = run(where, of(*call(3, r7=20), gas_slots=[20]), slots)
    assert dump_of(where).tables.meters == {5: result.gas}
    where = world(meters={5: 777})
    result = run(where, image(TRAP, gas_slots=[20]), slots)
    assert result.exit == "trap" and dump_of(where).tables.meters == {5: result.gas} != {5: 777}


def test_the_stack_is_bounded():
    below, _ = catcher(1)
    full = world([below] * 256)
    before = full.dump()
    assert run(full, of()) == "stack_full" and full.dump() == before
    assert run(world([below] * 255), of()).outcome == "halt"


def test_run_rejects_and_refuses_before_it_changes_anything():
    where = world(stack=[catcher(1, MARKER)[0]])
    before = where.dump()
    with pytest.raises(k.NotAdmitted):
        where.run(bytes(64), codec.RAW, b"", 0, 1)
    with pytest.raises(k.DecodeError):
        where.run(bytes(64), codec.RAW[:-1], b"", 0, 1)
    encoded = k.encode(of())
    for cnode in (b"", k.encode(k.CNode(9))):
        with pytest.raises(k.Refused):
            where.run(bytes(64), encoded, cnode, 0, 1)
    assert where.dump() == before


def test_worlds_that_are_not_well_formed_are_refused():
    below = entry(of())
    bad = [
        [below] * 257,
        [below, k.ReferenceEntry(0)],
        [k.ReferenceEntry(0), below],
        [below, k.ReferenceEntry(1), below],
        [below, k.ReferenceEntry(0), k.ReferenceEntry(1), below],
        [k.InstanceEntry(bytes(64), codec.RAW, k.CNode(8))],
        [k.InstanceEntry(bytes(64), b"", k.CNode(8))],
        [k.InstanceEntry(bytes(64), k.encode(of()), k.CNode(9))],
    ]
    for stack in bad:
        with pytest.raises(k.Refused):
            world(stack)
    with pytest.raises(k.Refused):
        world(state=k.State(data_payloads={ZERO: b"abc"}))
    with pytest.raises(k.Refused):
        k.World(b"")
    assert len(dump_of(world([below, k.ReferenceEntry(0), below])).stack) == 3


# Yields

YIELDER = of(*call(16, r7=20), set_reg(7, 9))
YIELDER_SLOTS = {20: k.Instance(MARKER, b"\1" * 32)}


def below_with(*catchers):
    """A world of such entries."""
    tables = {}
    for _, row in catchers:
        tables.update(row)
    return [found for found, _ in catchers], tables


def test_yield_and_resume():
    stack, catchers = below_with(catcher(1, MARKER), catcher(2, OOG))
    where, events = world(stack, catchers=catchers), Events()
    result = run(where, YIELDER, YIELDER_SLOTS, observer=events)
    assert (result.outcome, result.exit, result.argument) == ("paused", "host_call", 16)
    assert k.decode("cap", result.payload) == YIELDER_SLOTS[20] and slots_of(result) == YIELDER_SLOTS
    dump = dump_of(where)
    assert dump.stack[3] == k.DumpReference(0, 0) and [found.status for found in dump.stack] == [1, 1, 1, 0]
    suspended = dump.stack[2].suspended
    assert (suspended.pc, suspended.gas, suspended.registers) == (result.pc, result.gas, result.regs)
    with pytest.raises(k.Refused):
        run(where, of())
    resumed = where.resume(k.encode(TYPE), observer=events)
    assert resumed.outcome == "halt" and resumed.regs[7] == 9 and slots_of(resumed)[0] == TYPE
    assert resumed.gas + resumed.gas_used == result.gas
    assert len(dump_of(where).stack) == 2 and where.resume() == "not_paused"
    assert [record.kind for record in events.records] == [1, 0, 3, 2, 0, 3]
    assert [record.result for record in events.records] == [0, 3, 2, 0, 2, 0]
    assert events.records[3].operands == result.regs[7:13] and events.records[3].slots[0].slot == 0
    assert (events.records[2].exit, events.records[2].argument) == (5, 16)


def test_resume_without_a_scratchpad_leaves_slot_0():
    stack, catchers = below_with(catcher(1, MARKER))
    where = world(stack, catchers=catchers)
    run(where, YIELDER, {**YIELDER_SLOTS, 0: OTHER})
    with pytest.raises(k.Refused):
        where.resume(b"\5")
    assert slots_of(where.resume())[0] == OTHER


def test_the_nearest_catcher_below_wins():
    own = {9: k.Instance(k.KERNEL_IMAGE["yield_catcher"], b"\1" * 32)}
    no_slot, empty = entry(of(), own), entry(of(yield_marker_slot=9))
    other, small = entry(of(yield_marker_slot=9), {9: OTHER}), k.InstanceEntry(bytes(64), k.encode(of(yield_marker_slot=9)), k.CNode(3))
    stack, catchers = below_with(catcher(1, MARKER), catcher(1, MARKER), catcher(2, OOG))
    stack += [no_slot, empty, k.ReferenceEntry(0), other, small]
    where = world(stack, catchers=catchers)
    assert run(where, YIELDER, YIELDER_SLOTS).outcome == "paused"
    assert dump_of(where).stack[-1].target == 1


def test_a_reused_catcher_and_second_yields():
    stack, catchers = below_with(catcher(1, MARKER), catcher(2))
    where = world([stack[0], k.ReferenceEntry(0), stack[1]], catchers=catchers)
    assert run(where, of(*call(16, r7=20), *call(16, r7=20)), YIELDER_SLOTS).outcome == "paused"
    assert [type(found).__name__ for found in dump_of(where).stack].count("DumpReference") == 2
    assert where.resume().outcome == "paused" and where.resume().outcome == "halt"


def test_yields_that_trap():
    own = {9: k.Instance(k.KERNEL_IMAGE["yield_catcher"], b"\1" * 32)}
    stack, catchers = below_with(catcher(1, MARKER))
    traps(call(16, r7=20), {**YIELDER_SLOTS, **own}, where=world(catchers=catchers), yield_marker_slot=9)
    traps(call(16, r7=20), {20: OTHER}, where=world(stack, catchers=catchers))
    traps(call(16, r7=20), {20: k.TypeCap(MARKER)}, where=world(stack, catchers=catchers))
    traps(call(16, r7=20), YIELDER_SLOTS, where=world(stack * 255, catchers=catchers))
    assert run(world(stack * 254, catchers=catchers), YIELDER, YIELDER_SLOTS).outcome == "paused"


def test_reference_on_top_of_a_full_stack_refuses_run():
    stack, catchers = below_with(catcher(1, MARKER))
    where = world(stack * 254, catchers=catchers)
    run(where, YIELDER, YIELDER_SLOTS)
    with pytest.raises(k.Refused):
        run(where, of())


SPENDER = of(*[FALLTHROUGH] * 50, gas_slots=[20])


def test_out_of_gas_uncaught():
    for slots, below in (({}, catcher(1, OOG)), ({20: handle("gas", 42)}, catcher(1, MARKER))):
        stack, catchers = below_with(below)
        where = world(stack, catchers=catchers)
        result = run(where, SPENDER, slots, gas=3)
        assert (result.outcome, result.exit, result.gas, result.gas_used) == ("faulted", "out_of_gas", 0, 3)
        assert len(dump_of(where).stack) == 1 and dump_of(where).tables.meters == {}
    stack, catchers = below_with(catcher(1, OOG))
    assert run(world(stack * 255, catchers=catchers), SPENDER, {20: handle("gas", 42)}, gas=3).outcome == "faulted"


def test_out_of_gas_caught_twice_and_resumed():
    stack, catchers = below_with(catcher(1, OOG))
    where = world(stack, catchers=catchers)
    slots = {20: k.Instance(k.KERNEL_IMAGE["gas"], (42).to_bytes(8, "little") + b"\xee" * 24)}
    result = run(where, SPENDER, slots, gas=3)
    assert (result.outcome, result.exit, result.argument) == ("paused", "out_of_gas", 0)
    assert k.decode("cap", result.payload) == handle("gas", 42) and result.gas == 0
    assert len(dump_of(where).stack) == 3 and dump_of(where).tables.meters == {}
    again = where.resume()
    assert (again.outcome, again.exit, again.gas_used) == ("paused", "out_of_gas", 0)
    where.kernel.tables.meters[42] = 500
    done = where.resume()
    assert done.outcome == "halt" and done.gas + done.gas_used == 500
    assert dump_of(where).tables.meters == {42: done.gas}


def test_resume_reads_the_gas_slot_after_the_scratchpad():
    stack, catchers = below_with(catcher(1, MARKER))
    where = world(stack, catchers=catchers, meters={5: 5000, 6: 0, 7: 7000})
    what = of(*call(16, r7=20), *call(16, r7=20), *call(16, r7=20), gas_slots=[0])
    first = run(where, what, {**YIELDER_SLOTS, 0: handle("gas", 5)})
    assert dump_of(where).tables.meters == {5: first.gas, 7: 7000}
    second = where.resume(k.encode(handle("gas", 7)))
    assert second.gas + second.gas_used == 7000
    third = where.resume(k.encode(TYPE))
    assert third.gas + third.gas_used == second.gas
    assert dump_of(where).tables.meters == {5: first.gas, 7: second.gas}
    last = where.resume(k.encode(handle("gas", 6)))
    assert (last.outcome, last.exit, last.gas_used) == ("faulted", "out_of_gas", 0)


def test_resume_reads_the_gas_slot_of_the_image_entered():
    stack, catchers = below_with(catcher(1, MARKER))
    where = world(stack, state(ENCODED_NEXT), catchers=catchers, meters={5: 5000, 6: 6000})
    slots = {**YIELDER_SLOTS, 21: NEXT_CAP, 8: handle("gas", 5), 7: handle("gas", 6)}
    run(where, of(*call(17, r7=21), *call(16, r7=20), gas_slots=[8]), slots)
    result = where.resume()
    assert result.outcome == "halt" and dump_of(where).tables.meters == {5: result.gas, 6: 6000}


# Chains


def chain(*instructions, **fields):
    fields.setdefault("gas_slots", [7])
    return k.Chain(k.encode(image(*instructions, **fields)))


def sigma(of_chain):
    return k.decode("state", of_chain.state())


def test_roots_depend_on_payloads_only():
    a, b = chain(REPLY), chain(REPLY)
    roots = {a.root()}
    assert b.root() in roots
    for payload in (b"event-1", b"event-2"):
        assert a.apply(0, payload, 100000, 1000000) == b.apply(0, payload, 100000, 1000000)
        assert a.root() == b.root() and a.root() not in roots
        roots.add(a.root())
    b.apply(0, b"event-3", 100000, 1000000)
    assert b.root() not in roots


def test_genesis_installs_what_the_image_says():
    fields = {
        "pinned_slots": {20: k.PinnedData(b"", 9), 21: k.PinnedImage(MARKER)},
        "initial_slots": {22: k.InitialData(b"ab", 5)},
    }
    subject = chain(REPLY, **fields)
    assert sigma(subject).data_payloads == payloads(b"", b"ab")
    assert sigma(subject).counters == k.IdCounters(0, 1, 1)
    result = subject.apply(0, b"x\0", 1000, 0)
    assert result == k.EventResult("halt", "halt", 0, 0, result.gas_used)
    assert sigma(subject).data_payloads == payloads(b"", b"ab", b"x\0")


def test_a_fault_rolls_back_to_after_the_payload():
    instructions = [*call(23, r8=0, r9=8, r10=30), *call(25, r7=30, r8=8, r9=31), TRAP]
    subject, events = chain(*instructions), Events()
    result = subject.apply(0, b"payload", 1000, 5, events)
    assert (result.outcome, result.exit, result.argument, result.value) == ("faulted", "trap", 0, 0)
    assert result.gas_used > 0 and events.records[2].files
    assert sigma(subject).data_payloads == payloads(b"payload") and sigma(subject).counters == k.IdCounters(0, 1, 1)
    assert sigma(subject).data_blobs == {}


def test_files_cross_events():
    save = [*call(23, r8=0, r9=8, r10=30), *call(25, r7=30, r8=8, r9=31), REPLY]
    start = len(code(*save))
    open_ = [*call(24, r7=15, r8=40, r9=0), REPLY]
    position = sum(map(len, save))
    subject = chain(*save, *open_, endpoints={0: k.EndpointDef(), 1: k.EndpointDef(position)})
    assert start > position
    assert subject.apply(1, b"", 1000, 0).exit == "trap"
    assert subject.apply(0, b"", 1000, 0).outcome == "halt"
    assert subject.apply(1, b"", 1000, 0).outcome == "halt"


def test_events_never_pause():
    for name in (9, 7):
        assert chain(*call(16, r7=name), REPLY, yield_marker_slot=9).apply(0, b"", 1000, 0).exit == "trap"
    result = chain(*[FALLTHROUGH] * 50, REPLY, yield_marker_slot=9).apply(0, b"", 3, 0)
    assert (result.outcome, result.exit, result.gas_used) == ("faulted", "out_of_gas", 3)
    assert chain(REPLY).apply(0, b"", 0, 0).exit == "out_of_gas"


def test_set_image_changes_the_chain_when_the_event_halts():
    """The event's payload is the next Image: it reaches σ as a payload, and its hash is pinned."""
    then = image(set_reg(7, 77), REPLY, gas_slots=[7], initial_slots={50: k.InitialData(b"seed", 4)})
    encoded = k.encode(then)
    pins = {20: k.PinnedImage(k.hash("image", encoded))}
    subject = chain(*call(17, r7=20), REPLY, pinned_slots=pins)
    genesis, root = subject.instance, subject.root()
    assert subject.apply(0, b"", 1000, 0).exit == "trap"
    assert subject.instance == genesis and subject.root() != root
    assert subject.apply(0, encoded, 1000, 0).outcome == "halt"
    chain_hash = k.hash("chain", genesis[:32] + k.hash("image", encoded))
    assert subject.instance == chain_hash + ZERO
    assert sigma(subject).vaults == {0: k.VaultRecord(chain_hash, ZERO)}
    assert sigma(subject).code_blobs == {0: then.code} and b"seed" in sigma(subject).data_payloads.values()
    assert subject.apply(0, b"", 1000, 0).value == 77

    faulting = chain(*call(17, r7=20), TRAP, pinned_slots=pins)
    instance = faulting.instance
    assert faulting.apply(0, encoded, 1000, 0).exit == "trap" and faulting.instance == instance
    assert faulting.apply(0, b"", 1000, 0).exit == "trap"
    assert b"seed" not in sigma(faulting).data_payloads.values()


def test_an_observer_sees_blocks_and_instructions_too():
    class All(Events):
        def __init__(self):
            super().__init__()
            self.blocks, self.steps = [], []

        def block(self, entered):
            self.blocks.append(entered)

        def instruction(self, step):
            self.steps.append(step)

    everything = All()
    run(world(), of(*call(64, r7=1)), observer=everything)
    assert len(everything.blocks) == 2 and len(everything.steps) == 3 and len(everything.records) == 4


# Everything at once


ORDINARY = {
    18: k.Instance(MARKER),
    19: data(b"abcd", 9),
    20: handle("gas", 0),
    21: handle("quota", 0),
    22: NEXT_CAP,
    23: handle("file", 0),
    24: OTHER,
    25: k.Instance(k.KERNEL_IMAGE["host_open"]),
}
OTHERS = [
    TYPE, data(b"absent", 5), data(b"abcd", 2**64 - 1), k.ImageCap(b"\3" * 32), k.CNodeCap(k.CNode(2, {1: TYPE})),
    handle("gas", 1), handle("quota", 1), handle("file", 9), k.Instance(OOG), *ORDINARY.values(),
]
CALLS = [
    (0, ()), (1, (18, 26)), (1, (20, 27)), (2, (24, 28)), (2, (20, 0)), (3, (19,)), (3, (9,)), (4, (20, 21)), (4, (18, 29)),
    (5, (26, 3)), (6, ()), (16, (18,)), (16, (18,)), (16, (18,)), (17, (22,)), (18, (22, 27, 0)), (19, ()), (20, (18, 24)),
    (21, (24, 28)), (22, (19, 0x1FFE, 4)), (23, (0x1000, 3, 21, 29)), (24, (25, 28, 0)), (24, (23, 28)), (25, (19, 21, 23)),
    (64, ()), (2**32 - 1, ()),
]
ODD = [*range(18, 30), 0, 5, 7, 9, 31, 40, 256 + 19, 0x1000, 0x2000, 2**32 - 1, 2**64 - 1]


def random_operation(chance):
    number, operands = chance.choice(CALLS)
    odd = [chance.choice(ODD) if chance.random() < 0.08 else operand for operand in operands]
    return call(number, **{f"r{7 + n}": operand for n, operand in enumerate(odd)})


def random_image(chance):
    instructions = []
    for _ in range(chance.randrange(1, 12)):
        instructions += random_operation(chance)
    return of(
        *instructions,
        memory_mappings=chance.choice(([], MAPPED)),
        gas_slots=chance.choice(([], [20], [0])),
        pinned_slots=chance.choice(({}, {31: k.PinnedData(b"", PAGE)}, {22: k.PinnedImage(ZERO)})),
        yield_marker_slot=chance.choice((None, 9)),
    )


class Watcher(Events):
    """Checks at every record that a Trap left the world as it was."""

    def __init__(self, where):
        super().__init__()
        self.where = where
        self.last = None

    def event(self, record):
        super().event(record)
        now = self.where.kernel.state.copy(), dict(self.where.kernel.tables.quotas), self.slots()
        latest = self.records[-1]
        if (latest.kind, latest.result) == (0, 1):
            assert now == self.last
        self.last = now

    def slots(self):
        return [dict(found.cnode.slots) for found in self.where.kernel.stack if hasattr(found, "cnode")]


def test_random_sequences_keep_the_invariants():
    endings = set()
    for seed in range(300):
        chance = random.Random(seed)
        stack, catchers = below_with(catcher(1, MARKER), catcher(2, OOG))
        where = world(stack, state(b"abcd", ENCODED_NEXT), catchers=catchers, meters={0: chance.choice((0, 150, RICH))}, quotas={0: 50})
        slots = {n: cap if chance.random() < 0.9 else chance.choice(OTHERS) for n, cap in ORDINARY.items()}
        watcher = Watcher(where)
        result = run(where, random_image(chance), slots, gas=chance.choice((50, 300, RICH)), observer=watcher)
        for _ in range(3):
            endings.add((result.outcome, result.exit))
            assert k.encode(dump_of(where)) == where.dump()
            assert len(dump_of(where).stack) == (4 if result.outcome == "paused" else 2)
            if result.outcome != "paused":
                break
            result = where.resume(chance.choice((None, k.encode(chance.choice(OTHERS)))), observer=watcher)
    assert {("halt", "halt"), ("faulted", "trap"), ("paused", "host_call"), ("paused", "out_of_gas")} <= endings


def test_random_chains_keep_the_invariants():
    for seed in range(40):
        chance = random.Random(seed)
        subject = k.Chain(k.encode(random_image(chance)))
        for number in range(4):
            payload, before = bytes([number]), sigma(subject)
            result = subject.apply(0, payload, chance.choice((0, 200, RICH)), chance.choice((0, 99)))
            now = sigma(subject)
            if result.outcome == "faulted":
                before.data_payloads.update(payloads(payload))
                assert now == before
            assert now.vaults[0] == k.VaultRecord(subject.instance[:32], subject.instance[32:])
            assert k.hash("state", subject.state()) == subject.root()


KERNEL_AREAS = ("image/", "cap/", "host/", "call/", "yield/", "chain/")


def test_every_rule_is_reached_and_contrasted():
    mine = {name for name in model.rules() if name.startswith(KERNEL_AREAS)}
    met, passed_by = set(), set()
    for module in (codec, sys.modules[__name__]):
        for name, test in list(vars(module).items()):
            if name.startswith("test_") and test is not test_every_rule_is_reached_and_contrasted:
                if test.__code__.co_argcount == 0:
                    with model.reached() as rules:
                        test()
                    met |= rules
                    passed_by |= mine - rules
    assert mine - met == set()
    assert {name for name in met if name.startswith(KERNEL_AREAS)} - mine == set()
    assert mine - passed_by == set()
