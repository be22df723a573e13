"""chain.md: genesis and events."""

from collections.abc import Iterator
from dataclasses import dataclass

from model.kernel import call
from model.kernel.cap import CNode, Data, Instance, handle
from model.kernel.exchange import Tables
from model.kernel.hash import KERNEL_IMAGE, data_hash
from model.kernel.host import pinned_caps
from model.kernel.image import Image, NotAdmitted, admit, datas, image_hash
from model.kernel.scale import DecodeError
from model.kernel.stack import Activation, Kernel
from model.kernel.state import STATE, IdCounters, State, VaultRecord, state_root
from model.kernel.table import KERNEL_SLOT, LIMIT
from model.machine.exit import Observer, Refused
from model.reach import apart, rule

CHAIN_CODE = CHAIN_VAULT = ROOT_METER = ROOT_QUOTA = 0


@dataclass
class EventResult:
    outcome: str
    exit: str
    argument: int
    value: int
    gas_used: int


class Chain:
    def __init__(self, image: bytes) -> None:
        """Genesis; raises DecodeError or NotAdmitted."""
        rule("chain/genesis")
        try:
            self.image = admit(image)
        except (DecodeError, NotAdmitted):
            rule("chain/genesis/rejected")
            raise
        for clause in ("code", "vault", "counters", "contents/no_image"):
            rule("chain/genesis/" + clause)
        rule("cap/created_content")
        rule("cap/created_content/chain")
        self.chain_instance = Instance(image_hash(self.image))
        self.sigma = State(counters=IdCounters(next_file_id=0, next_code_id=1, next_vault_id=1))
        self.left: list[str] = []  # what an event has left that the next one must not see
        self.commit()
        for slot, data in datas(self.image):
            rule("chain/genesis/contents")
            rule("chain/genesis/contents/" + ("pinned" if slot in self.image.pinned_slots else "initial"))
            if not data.content:
                rule("chain/genesis/contents/empty")
            self.sigma.store(data.content)

    def commit(self) -> None:
        """Writes the chain Instance and the chain Image into σ."""
        self.sigma.code_blobs[CHAIN_CODE] = self.image.code
        self.sigma.vaults[CHAIN_VAULT] = VaultRecord(self.chain_instance.chain, self.chain_instance.content)

    def apply(
        self, endpoint: int, payload: bytes, gas: int, quota: int, observer: Observer | None = None
    ) -> EventResult:
        """Applies one event."""
        if not 0 <= endpoint < 2**8 or not 0 <= gas < 2**64 or not 0 <= quota < 2**64:
            raise Refused("an endpoint is a u8, gas and quota are u64")
        for name, budget in (("gas", gas), ("quota", quota)):
            if budget == 0:
                rule("chain/event/zero_budgets")
                rule("chain/event/zero_budgets/" + name)
        rule("chain/event/payload")
        rule("chain/event/payload/stored")
        rule("chain/event/payload/slot_0")
        payload_cap = Data(len(payload), self.sigma.store(payload))
        before = self.sigma.copy()

        rule("chain/event/fresh")
        for clause in self.left:
            rule("chain/event/fresh/" + clause)
        cnode = root_cnode(self.image)
        cnode.write(LIMIT["payload_slot"], payload_cap)
        for clause in ("", "/meter", "/quota", "/catchers"):
            rule("chain/event/tables" + clause)
        kernel = Kernel(self.sigma, Tables(meters={ROOT_METER: gas}, quotas={ROOT_QUOTA: quota}))
        activation, ending = call.run(kernel, self.chain_instance, self.image, cnode, endpoint, gas, observer)

        self.left = left_behind(kernel, activation)
        rule("chain/event/outcome")
        rule("chain/event/outcome/" + ending.outcome)
        value = 0
        if ending.outcome == "halt":
            rule("chain/event/halt")
            if activation.image != self.image:
                for clause in ("vault", "instance", "image", "code"):
                    rule("chain/event/halt/" + clause)
            self.chain_instance, self.image = activation.instance, activation.image
            self.commit()
            value = activation.regs[7]
        else:
            rule("chain/event/rollback")
            for clause in rolled_back(before, self.sigma):
                rule("chain/event/rollback/" + clause)
            if activation.image != self.image:
                rule("chain/event/rollback/image")
            self.sigma = before
        return EventResult(ending.outcome, ending.exit, ending.argument, value, activation.gas_used)

    def state(self) -> bytes:
        return STATE.write(self.sigma)

    def root(self) -> bytes:
        rule("chain/root")
        return state_root(self.sigma)

    @property
    def instance(self) -> bytes:
        return call.instance_bytes(self.chain_instance)


def left_behind(kernel: Kernel, activation: Activation) -> list[str]:
    """What of slots and memory is not as an event begins with it."""
    found = []
    with apart():  # no rule decides anything here
        image = activation.entered
        fresh = root_cnode(image).slots
        payload_slot = LIMIT["payload_slot"]
        if any(fresh.get(slot) != cap for slot, cap in activation.cnode.slots.items() if slot != payload_slot):
            found.append("slots")
        for mapping in image.memory_mappings:
            if len(mapping.source) > 1 or mapping.source[0] == payload_slot:
                continue
            content = call.content_of(kernel, fresh.get(mapping.source[0]))[: mapping.size]
            if activation.machine.read(mapping.start, mapping.size) != content.ljust(mapping.size, b"\0"):
                found.append("memory")
                break
    return found


def rolled_back(before: State, after: State) -> Iterator[str]:
    """What a fault takes back."""
    if after.data_blobs != before.data_blobs:
        yield "files"
    if after.data_payloads != before.data_payloads:
        yield "payloads"
    if after.counters != before.counters:
        yield "counters"


def root_cnode(image: Image) -> CNode:
    """The root CNode of a chain Instance: kernel capabilities, then what the Image says."""
    for clause in ("", "/gas", "/quota", "/others"):
        rule("chain/kernel_caps" + clause)
    cnode = CNode(LIMIT["root_size_log"])
    for name, slot in KERNEL_SLOT.items():
        cnode.write(slot, kernel_cap(name))
    caps = pinned_caps(image)
    for cap in caps.values():
        rule("chain/image_slots/" + ("pinned_data" if isinstance(cap, Data) else "pinned_image"))
    for slot, data in image.initial_slots.items():
        rule("chain/image_slots/initial")
        caps[slot] = Data(data.size, data_hash(data.content))
    if caps:
        rule("chain/image_slots")
    for slot, cap in caps.items():
        cnode.write(slot, cap)
    return cnode


def kernel_cap(name: str) -> Instance:
    """Gas 0, Quota 0, or a kernel Instance without content."""
    if name in ("gas", "quota"):
        return handle(name, {"gas": ROOT_METER, "quota": ROOT_QUOTA}[name])
    return Instance(KERNEL_IMAGE[name])
