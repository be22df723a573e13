"""Do the operations of the kernel model do what cap.md and host.md say?"""

import test_kernel_codec as codec
from kernel_images import (
    BOTH,
    ECALL,
    ENCODED_NEXT,
    MARKER,
    NEXT_CAP,
    OTHER,
    PAGE,
    REPLY,
    TYPE,
    ZERO,
    after,
    call,
    data,
    dump_of,
    handle,
    image,
    k,
    mapping,
    of,
    op,
    page_of,
    run,
    set_reg,
    slots_of,
    state,
    store_u32,
    traps,
    world,
)

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
    assert slots_of(after(call(4, r7=21, r8=20), {20: TYPE})) == {21: TYPE}
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
    for number in set(range(64)) - {number for _, number in k.table.OP}:
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
    slots, where = ({20: data(b"abcd"), 21: data(b"abcd", 2**64 - 1), 22: TYPE}, world(state=state(b"abcd")))
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


def test_set_image_drops_a_pin_beyond_a_small_root():
    result = run(world(state=state(ENCODED_NEXT)), of(*call(17, r7=5)), {5: NEXT_CAP}, size_log=3)
    assert result.outcome == "halt" and slots_of(result) == {5: NEXT_CAP}


def test_set_image_traps():
    where = world(state=state(ENCODED_NEXT, ENCODED_NEXT + b"\0", codec.RAW))
    traps(call(17, r7=20), {20: NEXT_CAP, 41: TYPE}, where=where)
    traps(call(17, r7=40), {40: NEXT_CAP}, where=where)
    for bytes_ in (ENCODED_NEXT + b"\0", codec.RAW, b"not stored"):
        traps(call(17, r7=20), {20: k.ImageCap(k.hash("bytes", bytes_))}, where=where)
    traps(call(17, r7=20), {20: TYPE}, where=where)
    traps(call(17, r7=20), where=where)


def test_set_image_leaves_read_only_memory_read_only_and_unwritten():
    then = of()
    slots = {20: k.ImageCap(k.hash("image", k.encode(then))), 31: data(b"ro")}
    result = after(call(17, r7=20), slots, world(state=state(b"ro", k.encode(then))), **BOTH)
    assert 31 not in slots_of(result) and page_of(result, 0x2000) == b"ro"


def test_set_image_leaves_memory_and_meter_until_the_end():
    stores = [set_reg(1, 0x41414141), store_u32(1, 0x1000), store_u32(1, 0x2000)]
    old = of(
        *call(17, r7=20), *stores, gas_slots=[8], memory_mappings=[mapping(0x1000, PAGE, 50), mapping(0x2000, PAGE, 40)]
    )
    slots = {20: NEXT_CAP, 8: handle("gas", 5), 7: handle("gas", 6)}
    where = world(state=state(ENCODED_NEXT), meters={5: 5000, 6: 6000})
    result = run(where, old, slots)
    assert result.outcome == "halt" and slots_of(result)[50] == data(b"AAAA", PAGE)
    assert slots_of(result)[40] == data(b"new", 8) and 60 not in slots_of(result)
    assert dump_of(where).tables.meters == {5: result.gas, 6: 6000}
