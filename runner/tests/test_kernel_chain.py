"""Do chains of the kernel model go as chain.md says, and does anything break it?"""

import random

import pytest
from kernel_images import (
    ENCODED_NEXT,
    FALLTHROUGH,
    MAPPED,
    MARKER,
    NEXT_CAP,
    OOG,
    OTHER,
    PAGE,
    REPLY,
    RICH,
    TRAP,
    TYPE,
    ZERO,
    Events,
    below_with,
    call,
    catcher,
    code,
    data,
    dump_of,
    handle,
    image,
    k,
    mapping,
    of,
    payloads,
    run,
    set_reg,
    sigma,
    state,
    store_u32,
    world,
)

# Chains


def chain(*instructions, **fields):
    fields.setdefault("gas_slots", [7])
    return k.Chain(k.encode(image(*instructions, **fields)))


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


def test_the_payload_is_in_slot_0():
    subject = chain(*call(22, r7=0, r8=0x1000, r9=100), REPLY, memory_mappings=MAPPED)
    assert subject.apply(0, b"ab\0", 1000, 0).value == 3
    assert b"ab" in sigma(subject).data_payloads.values()
    mapped = [mapping(0x1000, PAGE, 30)]
    fields = {"memory_mappings": mapped, "initial_slots": {30: k.InitialData(b"\1\2", PAGE)}}
    load = bytes([52, 7]) + (0x1001).to_bytes(4, "little")
    assert chain(load, REPLY, **fields).apply(0, b"", 1000, 0).value == 2


def test_genesis_takes_only_an_image():
    with pytest.raises(k.DecodeError):
        k.Chain(b"no image")


def test_what_an_event_writes_to_memory_is_gone():
    fields = {"memory_mappings": [mapping(0x1000, PAGE, 30)], "initial_slots": {30: k.InitialData(b"\7", PAGE)}}
    load = bytes([52, 7]) + (0x1000).to_bytes(4, "little")
    subject = chain(load, set_reg(1, 9), store_u32(1, 0x1000), REPLY, **fields)
    assert [subject.apply(0, b"", 1000, 0).value for _ in range(2)] == [7, 7]


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
    TYPE,
    data(b"absent", 5),
    data(b"abcd", 2**64 - 1),
    k.ImageCap(b"\3" * 32),
    k.CNodeCap(k.CNode(2, {1: TYPE})),
    handle("gas", 1),
    handle("quota", 1),
    handle("file", 9),
    k.Instance(OOG),
    *ORDINARY.values(),
]
CALLS = [
    (0, ()),
    (1, (18, 26)),
    (1, (20, 27)),
    (2, (24, 28)),
    (2, (20, 0)),
    (3, (19,)),
    (3, (9,)),
    (4, (20, 21)),
    (4, (18, 29)),
    (5, (26, 3)),
    (6, ()),
    (16, (18,)),
    (16, (18,)),
    (16, (18,)),
    (17, (22,)),
    (18, (22, 27, 0)),
    (19, ()),
    (20, (18, 24)),
    (21, (24, 28)),
    (22, (19, 0x1FFE, 4)),
    (23, (0x1000, 3, 21, 29)),
    (24, (25, 28, 0)),
    (24, (23, 28)),
    (25, (19, 21, 23)),
    (64, ()),
    (2**32 - 1, ()),
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
        where = world(
            stack,
            state(b"abcd", ENCODED_NEXT),
            catchers=catchers,
            meters={0: chance.choice((0, 150, RICH))},
            quotas={0: 50},
        )
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
