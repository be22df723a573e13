"""Do activations and yields of the kernel model go as call.md and yield.md say?"""

import pytest
import test_kernel_codec as codec
from kernel_images import (
    ENCODED_NEXT,
    FALLTHROUGH,
    MARKER,
    NEXT_CAP,
    OOG,
    OTHER,
    PAGE,
    READ_ONLY,
    REPLY,
    RICH,
    TRAP,
    TYPE,
    ZERO,
    Events,
    below_with,
    call,
    catcher,
    data,
    dump_of,
    entry,
    handle,
    image,
    k,
    mapping,
    of,
    page_of,
    run,
    set_reg,
    slots_of,
    state,
    store_u32,
    traps,
    world,
)

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
        memory_mappings=[
            mapping(0, PAGE, 3),
            mapping(PAGE, PAGE, 4, 5),
            mapping(0x3000, PAGE, 31),
            mapping(0x2000, PAGE, 5),
        ],
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
    other, small = (
        entry(of(yield_marker_slot=9), {9: OTHER}),
        k.InstanceEntry(bytes(64), k.encode(of(yield_marker_slot=9)), k.CNode(3)),
    )
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


def test_resume_reads_no_gas_slot():
    stack, catchers = below_with(catcher(1, MARKER))
    where = world(stack, catchers=catchers, meters={5: 5000, 6: 0, 7: 7000})
    what = of(*call(16, r7=20), *call(16, r7=20), *call(16, r7=20), gas_slots=[0])
    first = run(where, what, {**YIELDER_SLOTS, 0: handle("gas", 5)})
    assert dump_of(where).tables.meters == {5: first.gas, 7: 7000}
    second = where.resume(k.encode(handle("gas", 7)))
    assert second.gas + second.gas_used == first.gas
    third = where.resume(k.encode(TYPE))
    assert third.gas + third.gas_used == second.gas
    assert dump_of(where).tables.meters == {5: third.gas, 7: 7000}
    last = where.resume(k.encode(handle("gas", 6)))
    assert (last.outcome, last.gas + last.gas_used) == ("halt", third.gas)


def test_resume_reads_the_gas_slot_of_the_image_entered():
    stack, catchers = below_with(catcher(1, MARKER))
    where = world(stack, state(ENCODED_NEXT), catchers=catchers, meters={5: 5000, 6: 6000})
    slots = {**YIELDER_SLOTS, 21: NEXT_CAP, 8: handle("gas", 5), 7: handle("gas", 6)}
    run(where, of(*call(17, r7=21), *call(16, r7=20), gas_slots=[8]), slots)
    result = where.resume()
    assert result.outcome == "halt" and dump_of(where).tables.meters == {5: result.gas, 6: 6000}
