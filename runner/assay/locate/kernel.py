"""Names the first difference on a case of the kernel: its rule, its fields, and what was agreed before.

The rule is one that the specification reached since the record before; it plays the case up to there.
"""

from collections.abc import Callable, Collection, Sequence
from contextlib import AbstractContextManager
from typing import TypeVar

import model
from assay.engines.answers import Applied, Called
from assay.engines.model import Events, ModelEngine
from assay.locate import kernel_words as words
from assay.locate.divergence import Agreed, Cause, Field, Unit
from assay.locate.finding import KernelFinding, What
from assay.suite.case import Admit, ChainEvents, Decode, Hash, Invocations, KernelCase
from assay.suite.play import do_call

MANAGE = ("copy", "move", "drop", "swap", "mint_cnode")
TRAP = 1

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
RESULT_RULES: dict[str, tuple[str, ...]] = {  # by the field that is wrong, in this order
    "gas": ("call/gas/used", "call/gas/from_meter", "call/gas/no_meter"),
    "gas_used": ("call/gas/used", "call/gas/from_meter", "call/gas/no_meter"),
    "pages": ("host/read_data", "call/map/content", "call/map/permission"),
    "instance": ("host/set_image/swap", "call/halt/result"),
    "cnode": ("call/halt/result", "call/fault/result"),
    "payload": ("yield/payload", "yield/oog"),
}
OTHER_RESULT = ("call/run/registers", "host/same_type", "host/read_data", "call/halt/result")
NO_RESULT = ("call/stack/depth", "yield/resume/not_paused", "call/run/admits_first")
OTHER_DUMP = ("yield/walk", "yield/reference", "yield/resume/pops", "call/fault/no_rollback")

Reached = Collection[str]
Answer = TypeVar("Answer")


# The specification, with the rules that it reached between two records


class Marks(Events):
    """Keeps the records, and which rules led to each of them."""

    def __init__(self, watched: "Watched") -> None:
        super().__init__()
        self.watched = watched

    def event(self, record: bytes) -> None:
        super().event(record)
        self.watched.mark()


class Watched(ModelEngine):
    def __init__(self) -> None:
        super().__init__()
        self.rules: list[set[str]] = []  # of each record of the last step
        self.after: set[str] = set()  # since the last record
        self.reached: set[str] = set()

    def observed(self) -> Events:
        return Marks(self)

    def mark(self) -> None:
        self.rules.append(set(self.reached))
        self.reached.clear()

    def watch(self, act: Callable[[], Answer]) -> Answer:
        listening: AbstractContextManager[set[str]] = model.reached()
        with listening as reached:
            self.rules, self.reached = [], reached
            value = act()
            self.after = set(reached)
        return value

    def world_run(self, instance: bytes, image: bytes, cnode: bytes, endpoint: int, gas: int) -> Called:
        return self.watch(lambda: super(Watched, self).world_run(instance, image, cnode, endpoint, gas))

    def world_resume(self, scratchpad: bytes | None = None) -> Called:
        return self.watch(lambda: super(Watched, self).world_resume(scratchpad))

    def chain_apply(self, endpoint: int, payload: bytes, gas: int, quota: int) -> Applied:
        return self.watch(lambda: super(Watched, self).chain_apply(endpoint, payload, gas, quota))

    @property
    def all(self) -> set[str]:
        return self.after.union(*self.rules)


def play_to(case: KernelCase, step: int | None) -> Watched:
    """The specification after a step of the case."""
    watched = Watched()
    if step is None:
        return watched
    if isinstance(case.act, Invocations):
        watched.world_open(case.act.world)
        for call in case.act.steps[: step + 1]:
            do_call(call, watched)
    elif isinstance(case.act, ChainEvents):
        watched.chain_genesis(case.act.image)
        for event in case.act.events[: step + 1]:
            watched.chain_apply(event.endpoint, event.payload, event.gas, event.quota)
    return watched


# Naming


def name(case: KernelCase, found: KernelFinding) -> Cause:
    """The cause of a finding."""
    if isinstance(case.act, Decode | Admit | Hash):
        return cause(Unit.CODEC, found, rule_of_verdict(case, found.differences))
    if found.step is None:
        return name_start(case, found)
    watched = play_to(case, found.step)
    if found.what == What.EVENT:
        return name_event(found, watched)
    if isinstance(case.act, ChainEvents):
        return cause(Unit.CHAIN, found, rule_of_chain_event(found.differences, watched), state_fields(found))
    if found.what == What.DUMP:
        expected, got = found.values
        fields = words.dump_fields(expected or b"", got or b"")
        return cause(Unit.CALL_END, found, rule_of_dump(fields[0].name, watched.all), fields)
    return cause(Unit.CALL_END, found, rule_of_result(found.differences, watched))


def name_start(case: KernelCase, found: KernelFinding) -> Cause:
    """A World that does not open, or a genesis."""
    if isinstance(case.act, Invocations):
        return cause(Unit.CALL_END, found, rule_of_opening(case.act.world))
    verdicts = [field.expected for field in found.differences if field.name == "verdict"]
    rule = next(filter(None, map(known, verdicts)), "chain/genesis")
    return cause(Unit.CHAIN, found, rule, state_fields(found))


def rule_of_opening(world: bytes) -> str:
    """Why the specification opens or refuses a World."""
    with model.reached() as reached:
        try:
            model.kernel.World(world)
        except model.Refused:
            rules = [rule for rule in sorted(reached) if rule.startswith("exchange/world/")]
            return first_reached(reached, *rules)
    return "exchange/world/opens"


def state_fields(found: KernelFinding) -> tuple[Field, ...]:
    """The differences, with a whole state in a word."""
    expected, got = (words.short(value or b"") for value in found.values)
    return tuple(Field(field.name, expected, got) if field.name == "state" else field for field in found.differences)


def cause(unit: Unit, found: KernelFinding, rule: str, fields: Sequence[Field] | None = None) -> Cause:
    shown = found.differences if fields is None else tuple(fields)
    return Cause(unit, shown, known(rule), found.step, found.index, flavours=found.flavours)


def known(rule: str) -> str:
    return rule if rule in model.rules() else ""


def first_reached(reached: Reached, *rules: str) -> str:
    return next((rule for rule in rules if rule in reached), rules[0] if rules else "")


def rule_of_verdict(case: KernelCase, fields: Sequence[Field]) -> str:
    """The rule by which one side rejects, or what the value is about."""
    found = known(fields[0].expected) or known(fields[0].got)
    if found or not fields or isinstance(case.act, Admit):
        return found
    if isinstance(case.act, Hash):
        return f"image/hash/{'blake2b' if case.act.kind == 'bytes' else case.act.kind}"
    return "image/decode/whole" if isinstance(case.act, Decode) else ""


def rule_of_result(fields: Sequence[Field], watched: Watched) -> str:
    names = {field.name for field in fields}
    if "result" in names:
        return first_reached(watched.after, *NO_RESULT)
    about = next((rules for name, rules in RESULT_RULES.items() if name in names), OTHER_RESULT)
    return first_reached(watched.all, *about)


def rule_of_dump(name: str, reached: Reached) -> str:
    if name in ("next_file_id", "data_blobs"):
        return first_reached(reached, "host/save", "call/fault/no_rollback")
    if name == "data_payloads":
        return first_reached(reached, "host/mint_data", "call/halt/write_back", "image/strip")
    if name in ("meters", "quotas", "catchers"):
        return "chain/tables_as_functions"
    return "image/decode/not_sorted" if name == "dump" else first_reached(reached, *OTHER_DUMP)


def rule_of_chain_event(fields: Sequence[Field], watched: Watched) -> str:
    if any(field.name == "outcome" for field in fields):
        return first_reached(watched.all, "chain/event/outcome")
    return "chain/event/halt" if "chain/event/halt" in watched.all else "chain/event/rollback"


# Records


def name_event(found: KernelFinding, watched: Watched) -> Cause:
    """A record that differs; one too few or too many counts as one."""
    index = found.index or 0
    expected, got = found.values
    reached = watched.rules[index] if index < len(watched.rules) else watched.after
    fields = words.record_fields(expected, got)
    before = f"L2 record {index - 1} ({words.what_it_was(found.before)})" if index else ""
    return Cause(
        Unit.EVENT,
        tuple(fields),
        known(rule_of_record(expected, fields, reached)),
        found.step,
        index,
        flavours=found.flavours,
        agreed=Agreed(before) if before else None,
        hint=words.what_it_was(expected),
        operation=words.what_it_was(expected if expected is not None else got),
    )


def rule_of_record(data: bytes | None, fields: Sequence[Field], reached: Reached) -> str:
    record = words.read_record(data)
    wrong = [field.name for field in fields]
    if record is None or not wrong:
        return first_reached(reached, "chain/record")
    kind = words.KIND[record.kind]
    if kind == "operation":
        return rule_of_operation(words.OPS.get(record.op), record.result, wrong, reached)
    if "result" in wrong or "exit" in wrong:
        return first_reached(reached, "yield/oog", "yield/oog/uncaught", "call/fault/result", "call/halt/result")
    for lists, rules in LISTS.items():
        if is_about(lists, wrong):
            return first_reached(reached, *rules)
    if kind == "run":
        return first_reached(reached, "call/run/registers")
    return first_reached(reached, "call/halt/result", "call/fault/result", "yield/resume/pops")


def is_about(lists: str, wrong: Sequence[str]) -> bool:
    """Whether one of the fields is an entry of such a list: "quota 3" of quotas."""
    return any(name.startswith(lists[:-1]) for name in wrong)


def rule_of_operation(op: str | None, result: int, wrong: Sequence[str], reached: Reached) -> str:
    own = f"cap/{op}" if op in MANAGE else f"host/{op}"
    if result == TRAP and "result" in wrong:
        return first_reached(reached, *TRAPS) or own
    if not known(own):
        return first_reached(reached, "host/silent", "host/unassigned", "host/selector")
    special = [LISTS[lists][0] for lists in ("quotas", "files") if is_about(lists, wrong)]
    return first_reached(reached, *special) or own
