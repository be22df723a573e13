"""Finds the first wrong kernel event of an engine on a kernel case.

    divergence = locate(entry, engine)       None when the engine agrees in everything

The specification plays the case beside the engine. What is compared last is looked at first: within
the first step or event that differs, the records (L2) one by one, then the result (L3), the dump,
and the root (L4). The rule named is one that the specification reached since the record before.
"""

import model
from assay.engines.model import ModelEngine
from assay.engines.process import EngineError, EngineRefused
from assay.locate import blame
from assay.locate.locate import Divergence, Field, generic
from assay.suite.kernel_case import ACTS, EVENT, REGISTERS, RESULT, do_step, image_bytes
from model import kernel

EVENT_LEVEL = "L2 kernel event"
CALL_LEVEL = "L3 end of a call"
CHAIN_LEVEL = "L4 chain event"
CODEC_LEVEL = "codec"
OPS = {number: name for name, number in kernel.table.OP}
MANAGE = ("copy", "move", "drop", "swap", "mint_cnode")
KIND = ("operation", "run", "resume", "exit")
RESULT_NAME = ("goes on", "trap", "halt", "paused")
OUTCOME_NAME = ("halt", "faulted", "paused")
EXIT = {record.number: record.name for record in model.table.EXIT}
SHORT = 8

# Which rule a wrong list of a record is about, by the kind of record; the first that was reached.
LISTS = {
    "slots": ("host/set_image/swap", "call/halt/write_back", "yield/resume/scratchpad", "host/overwrite"),
    "meters": ("call/gas/write_back", "call/gas/top_up", "yield/oog/meter_empty"),
    "quotas": ("host/quota",),
    "files": ("host/save",),
    "payloads": ("host/mint_data", "call/halt/write_back", "host/set_image/swap", "image/strip"),
}
TRAPS = (
    "cap/operand_range",
    "cap/pinned_destination",
    "cap/pinned_source",
    "host/operand_kind",
    "host/quota",
    "host/read_data/memory",
    "host/mint_data/memory",
    "host/derive_spawn/cnode_reserved",
    "host/set_image/new_pins",
    "host/resolve",
    "host/save/ids_exhausted",
    "host/unassigned",
    "yield/stack_full",
    "yield/unhandled",
    "yield/walk",
)
HASHES = {
    "bytes": "image/hash/blake2b",
    "bmt": "image/hash/bmt",
    "cap": "image/hash/cap",
    "cnode": "image/hash/cnode",
    "image": "image/hash/image",
    "chain": "image/hash/chain",
    "state": "image/hash/state",
}


class Watched(ModelEngine):
    """The specification, with the rules it reached between two records."""

    def __init__(self):
        super().__init__()
        self.rules = []  # of each record of the last step
        self.after = set()  # since the last record

    def watch(self, act):
        with model.reached() as reached:
            self.rules, self.reached = [], reached
            value = act()
            self.after = set(reached)
        return value

    def step(self, do):
        return self.watch(lambda: super(Watched, self).step(lambda records: do(Marks(records, self))))

    def chain_apply(self, endpoint, payload, gas, quota):
        return self.watch(lambda: self.applied(endpoint, payload, gas, quota))

    def applied(self, endpoint, payload, gas, quota):
        encoded = []

        class Keeper:
            def event(keeper, record):
                encoded.append(record)
                self.mark()

        result = self.chain.apply(endpoint, payload, gas, quota, observer=Keeper())
        found = {name: getattr(result, name) for name in ("outcome", "exit")}
        found |= {name: hex(getattr(result, name)) for name in ("argument", "value", "gas_used")}
        return found, encoded

    def mark(self):
        self.rules.append(set(self.reached))
        self.reached.clear()


class Marks:
    """An observer that hands records on and marks which rules led to them."""

    def __init__(self, inner, watched):
        self.inner, self.watched = inner, watched

    def event(self, record):
        self.inner.event(record)
        self.watched.mark()


def locate(entry, engine, votes=None):
    """The first divergence of an engine on a kernel case, or None."""
    case = entry.case()
    act = next(name for name in ACTS if name in case)
    try:
        found = FIND[act](case, entry.images(), Watched(), engine)
    except EngineError as error:
        found = Divergence("", "", f"engine {error.kind}", flavour="production")
        found.fields = [Field("engine", "a reply", error.kind)]
        found.words = error.message
    if found is not None:
        found.case, found.engine = case["id"], engine.name
        found.votes = dict(votes or {}) or {"model": True, engine.name: False}
        found.sentence = blame.sentence(found.rule)
    return found


def divergence(level, step, fields, rule="", record=None, flavour="both"):
    fields = [field for field in fields if field.expected != field.got]
    if not fields:
        return None
    found = Divergence("", "", level, step=step, record=record, fields=fields, flavour=flavour)
    found.rule = rule if rule in model.rules() else ""
    assert generic(fields[0].name)
    return found


# Codec


def find_decode(case, images, right, other):
    given = case["decode"]
    data = bytes.fromhex(given["bytes"])
    (expected, again), (got, got_again) = right.decode(given["type"], data), other.decode(given["type"], data)
    fields = [Field("verdict", expected, got)]
    if expected == got == "decoded":
        fields.append(Field("again", short(again), short(got_again)))
    rule = expected if expected in model.rules() else got if got in model.rules() else "image/decode/whole"
    return divergence(CODEC_LEVEL, None, fields, rule)


def find_admit(case, images, right, other):
    data = image_bytes(case["admit"]["image"], images)
    expected, got = right.admit(data), other.admit(data)
    rule = expected if expected in model.rules() else got
    return divergence(CODEC_LEVEL, None, [Field("verdict", expected, got)], rule)


def find_hash(case, images, right, other):
    kind, value = case["hash"]["kind"], bytes.fromhex(case["hash"]["value"])
    expected, got = right.hash(kind, value), other.hash(kind, value)
    rule = expected if expected in model.rules() else HASHES[kind]
    return divergence(CODEC_LEVEL, None, [Field("digest", expected, got)], rule)


# Worlds


def find_world(case, images, right, other):
    data = bytes.fromhex(case["world"])
    right.world_open(data)
    try:
        other.world_open(data)
    except EngineRefused:
        return divergence(CALL_LEVEL, 0, [Field("world", "opened", "refused")], "image/decode/whole")
    for index, step in enumerate(case["steps"]):
        expected, got = do_step(step, images, right), do_step(step, images, other)
        found = records_differ(index, right, expected[1], got[1]) or results_differ(index, right, expected, got)
        if found:
            return found
    return None


def results_differ(step, right, expected, got):
    a, b = expected[0], got[0]
    if isinstance(a, str) or isinstance(b, str):
        names = [value if isinstance(value, str) else value["outcome"] for value in (a, b)]
        rule = first_reached(right.after, "call/stack/depth", "yield/resume/not_paused", "call/run/admits_first")
        found = divergence(CALL_LEVEL, step, [Field("result", *names)], rule)
    else:
        fields = [Field(name, a[name], b[name]) for name in RESULT]
        fields += [Field(f"r{n}", a["regs"][n], b["regs"][n]) for n in range(REGISTERS)]
        fields += [Field(name, short(a[name]), short(b[name])) for name in ("cnode", "pages")]
        found = divergence(CALL_LEVEL, step, fields, rule_of_result(fields, right.after | all_of(right)))
    return found or dumps_differ(step, expected[2], got[2], right)


def rule_of_result(fields, reached):
    wrong = {field.name for field in fields if field.expected != field.got}
    if wrong & {"gas", "gas_used"}:
        return first_reached(reached, "call/gas/used", "call/gas/from_meter", "call/gas/no_meter")
    if "pages" in wrong:
        return first_reached(reached, "host/read_data", "call/map/content", "call/map/permission")
    if "instance" in wrong:
        return first_reached(reached, "host/set_image/swap", "call/halt/result")
    if "cnode" in wrong:
        return first_reached(reached, "call/halt/result", "call/fault/result")
    if "payload" in wrong:
        return first_reached(reached, "yield/payload", "yield/oog")
    return first_reached(reached, "call/run/registers", "host/same_type", "host/read_data", "call/halt/result")


def dumps_differ(step, expected, got, right):
    if expected == got:
        return None
    try:
        a, b = kernel.decode("dump", expected), kernel.decode("dump", got)
    except kernel.DecodeError:
        return divergence(CALL_LEVEL, step, [Field("dump", short(expected), short(got))], "image/decode/whole")
    fields = state_fields(a.state, b.state)
    for name in ("meters", "quotas", "catchers"):
        fields.append(Field(name, shown(vars(a.tables)[name]), shown(vars(b.tables)[name])))
    fields.append(Field("depth", str(len(a.stack)), str(len(b.stack))))
    for n, (x, y) in enumerate(zip(a.stack, b.stack)):
        fields.append(Field(f"stack {n}", shown(x), shown(y)))
    wrong = [field.name for field in fields if field.expected != field.got]
    if not wrong:
        fields, wrong = [Field("dump", short(expected), short(got))], ["dump"]
    return divergence(CALL_LEVEL, step, fields, rule_of_dump(wrong[0], all_of(right)))


def state_fields(a, b):
    """Sigma, part by part."""
    fields = []
    for name in ("data_blobs", "data_payloads", "code_blobs", "vaults", "validators"):
        fields.append(Field(name, shown(vars(a)[name]), shown(vars(b)[name])))
    for name, value in vars(a.counters).items():
        fields.append(Field(name, str(value), str(vars(b.counters)[name])))
    return fields


def rule_of_dump(name, reached):
    if name == "next_file_id" or name == "data_blobs":
        return first_reached(reached, "host/save", "call/fault/no_rollback")
    if name == "data_payloads":
        return first_reached(reached, "host/mint_data", "call/halt/write_back", "image/strip")
    if name in ("meters", "quotas", "catchers"):
        return "chain/tables_as_functions"
    if name == "dump":
        return "image/decode/not_sorted"
    return first_reached(reached, "yield/walk", "yield/reference", "yield/resume/pops", "call/fault/no_rollback")


# Chains


def find_genesis(case, images, right, other):
    image = image_bytes(case["genesis"], images)
    expected, got = right.chain_genesis(image), other.chain_genesis(image)
    fields = [Field("verdict", expected, got)]
    rule = "chain/genesis"
    if expected == got == "admitted":
        fields.append(Field("root", right.chain_root().hex(), other.chain_root().hex()))
    elif expected in model.rules():
        rule = expected
    found = divergence(CHAIN_LEVEL, None, fields, rule)
    for index, event in enumerate(case.get("events", ())):
        if found:
            return found
        found = event_differs(index, event, right, other)
    return found


def event_differs(index, event, right, other):
    given = (
        event["endpoint"],
        bytes.fromhex(event["payload"]),
        int(event["gas"], 16),
        int(event["quota"], 16),
    )
    (a, records), (b, got) = right.chain_apply(*given), other.chain_apply(*given)
    found = records_differ(index, right, records, got)
    if found:
        return found
    fields = [Field(name, a[name], b[name]) for name in EVENT]
    fields.append(Field("instance", right.chain_instance().hex(), other.chain_instance().hex()))
    fields.append(Field("root", right.chain_root().hex(), other.chain_root().hex()))
    state = (right.chain_state(), other.chain_state())
    fields.append(Field("state", short(state[0]), short(state[1])))
    reached = right.after | all_of(right)
    rule = "chain/event/halt" if a["outcome"] == "halt" else "chain/event/rollback"
    if b["outcome"] != a["outcome"]:
        rule = first_reached(reached, "chain/event/outcome")
    return divergence(CHAIN_LEVEL, index, fields, rule)


# Records


def records_differ(step, right, expected, got):
    """The first record that differs; one too few or too many counts as one."""
    for index in range(max(len(expected), len(got))):
        a = expected[index] if index < len(expected) else None
        b = got[index] if index < len(got) else None
        if a == b:
            continue
        rules = right.rules[index] if index < len(right.rules) else right.after
        fields = record_fields(a, b)
        found = divergence(EVENT_LEVEL, step, fields, rule_of_record(a, fields, rules), index)
        if found:
            found.hint = what_it_was(a)
            if index:
                found.agreed = {"level": f"L2 record {index - 1} ({what_it_was(expected[index - 1])})"}
            return found
    return None


def read_record(data):
    try:
        return None if data is None else kernel.decode("record", data)
    except kernel.DecodeError:
        return None


def what_it_was(data):
    record = read_record(data)
    if record is None:
        return "no record"
    name = KIND[record.kind]
    return f"operation {OPS.get(record.op, record.op)}" if name == "operation" else name


def record_fields(a, b):
    x, y = read_record(a), read_record(b)
    if x is None or y is None:
        words = [what_it_was(value) if value is None else "a record" for value in (a, b)]
        if a is not None and b is not None:
            words = [short(a), short(b)]
        return [Field("record", *words)]
    names = OUTCOME_NAME if KIND[x.kind] == "exit" else RESULT_NAME
    fields = [
        Field("kind", KIND[x.kind], KIND[min(y.kind, 3)]),
        Field("op", OPS.get(x.op, str(x.op)), OPS.get(y.op, str(y.op))),
        Field("result", name_in(names, x.result), name_in(names, y.result)),
        Field("exit", EXIT.get(x.exit, str(x.exit)), EXIT.get(y.exit, str(y.exit))),
        Field("argument", hex(x.argument), hex(y.argument)),
    ]
    fields += [Field(f"r{7 + n}", hex(p), hex(q)) for n, (p, q) in enumerate(zip(x.operands, y.operands))]
    for name, key in (
        ("slots", "slot"),
        ("meters", "id"),
        ("quotas", "id"),
        ("files", "id"),
        ("payloads", "hash"),
    ):
        fields += change_fields(name, key, getattr(x, name), getattr(y, name))
    return [field for field in fields if field.expected != field.got]


def name_in(names, number):
    return names[number] if number < len(names) else str(number)


def change_fields(name, key, expected, got):
    a = {getattr(change, key): change for change in expected}
    b = {getattr(change, key): change for change in got}
    if a == b and expected != got:
        return [Field(name, "ascending", "in another order")]
    found = []
    for value in sorted(a.keys() | b.keys()):
        texts = [change_text(side.get(value)) for side in (a, b)]
        label = value.hex()[:SHORT] if isinstance(value, bytes) else str(value)
        found.append(Field(f"{name[:-1]} {label}", *texts))
    return found


def change_text(change):
    if change is None:
        return "unchanged"
    return f"{shown(change.before)} -> {shown(change.after)}"


def shown(value):
    if isinstance(value, bytes):
        return value.hex()[:SHORT] if any(value) else "empty"
    if isinstance(value, int):
        return hex(value)
    if isinstance(value, kernel.DataBlob):
        return f"{value.content_hash.hex()[:SHORT]} size {value.size:#x} of quota {value.backing_quota:#x}"
    if value is None:
        return "none"
    text = repr(value)
    return text if len(text) <= 40 else f"{text[:30]}… {short(text.encode())}"


def short(data):
    data = bytes.fromhex(data) if isinstance(data, str) else data
    return f"{len(data)} bytes, H {kernel.H(data).hex()[:SHORT]}"


def rule_of_record(a, fields, reached):
    record = read_record(a)
    wrong = [field.name for field in fields]
    if record is None or not wrong:
        return first_reached(reached, "chain/record")
    if KIND[record.kind] == "operation":
        name = OPS.get(record.op)
        own = f"cap/{name}" if name in MANAGE else f"host/{name}"
        if record.result == 1 and "result" in wrong:
            return first_reached(reached, *TRAPS) or own
        if own in model.rules():
            special = [LISTS[lists][0] for lists in ("quotas", "files") if any(w.startswith(lists[:-1]) for w in wrong)]
            return first_reached(reached, *special) or own
        return first_reached(reached, "host/silent", "host/unassigned", "host/selector")
    if "result" in wrong or "exit" in wrong:
        return first_reached(reached, "yield/oog", "yield/oog/uncaught", "call/fault/result", "call/halt/result")
    for name, rules in LISTS.items():
        if any(field.startswith(name[:-1]) for field in wrong):
            return first_reached(reached, *rules)
    if KIND[record.kind] == "run":
        return first_reached(reached, "call/run/registers")
    return first_reached(reached, "call/halt/result", "call/fault/result", "yield/resume/pops")


def all_of(right):
    return set().union(*right.rules) if right.rules else set()


def first_reached(reached, *rules):
    return next((rule for rule in rules if rule in reached), rules[0] if rules else "")


FIND = {
    "decode": find_decode,
    "admit": find_admit,
    "hash": find_hash,
    "world": find_world,
    "genesis": find_genesis,
}
