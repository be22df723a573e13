"""Kernel cases: strict reading, and comparing what an engine does with what the vector expects.

An engine is anything with the kernel methods of `process.ProcessEngine`: the specification, a shared
object behind `assay-native serve`, or a program.
"""

import hashlib
import json
import re
from functools import lru_cache
from pathlib import Path

from assay.engines.process import EngineRefused

HEX = re.compile(r"0x(0|[1-9a-f][0-9a-f]{0,15})\Z")
BYTES = re.compile(r"([0-9a-f]{2})*\Z")
ACTS = ("decode", "admit", "hash", "world", "genesis")
COMMON = {"id", "rules", "against"}
OPTIONAL = {"revision", "note", "votes"}
RESULT = ("outcome", "exit", "argument", "pc", "gas", "gas_used", "instance", "payload")
EVENT = ("outcome", "exit", "argument", "value", "gas_used")
REGISTERS = 13


class Malformed(Exception):
    """A case that breaks the format; the message says where."""


def digest(data):
    return hashlib.blake2b(data, digest_size=32).hexdigest()


# Reading


@lru_cache(maxsize=64)
def images_of(path):
    """The named Images of a vector file."""
    return json.loads(Path(path).read_bytes())["images"]


def unique(pairs):
    found = dict(pairs)
    if len(found) != len(pairs):
        names = [name for name, _ in pairs]
        raise Malformed(f"the key {max(names, key=names.count)!r} stands twice in one object")
    return found


def parse(text):
    """A case from its text; raises Malformed."""
    case = json.loads(text, object_pairs_hook=unique)
    check(case)
    return case


def members(value, what, needed, optional=()):
    if not isinstance(value, dict):
        raise Malformed(f"{what} is no object")
    for name in needed:
        if name not in value:
            raise Malformed(f"{what} has no {name!r}")
    for name in value:
        if name not in needed and name not in optional:
            raise Malformed(f"{what} has an unknown key {name!r}")


def is_bytes(value, what, size=None):
    if not isinstance(value, str) or not BYTES.match(value):
        raise Malformed(f"{what} is no lower-case hex of whole bytes")
    if size is not None and len(value) != 2 * size:
        raise Malformed(f"{what} has {len(value) // 2} bytes, not {size}")


def is_image(value, what):
    if not (isinstance(value, str) and value.startswith("@")):
        is_bytes(value, what)


def is_number(value, what):
    if not isinstance(value, str) or not HEX.match(value):
        raise Malformed(f"{what} is no number such as 0x1f")


def is_small(value, what):
    if type(value) is not int or not 0 <= value < 256:
        raise Malformed(f"{what} is no number below 256")


def is_text(value, what):
    if not isinstance(value, str):
        raise Malformed(f"{what} is no string")


def check(case):
    """The form of a whole case; raises Malformed."""
    acts = [name for name in ACTS if isinstance(case, dict) and name in case]
    if len(acts) != 1:
        raise Malformed(f"a case has exactly one of {', '.join(ACTS)}")
    more = {"world": ("steps",), "genesis": ("verdict",)}.get(acts[0], ())
    optional = OPTIONAL | ({"root", "events"} if acts[0] == "genesis" else set())
    members(case, "the case", COMMON | {acts[0], *more}, optional)
    CHECK[acts[0]](case)


def check_decode(case):
    members(case["decode"], "decode", ("type", "bytes", "verdict"))
    is_text(case["decode"]["type"], "type")
    is_bytes(case["decode"]["bytes"], "bytes")
    is_text(case["decode"]["verdict"], "verdict")


def check_admit(case):
    members(case["admit"], "admit", ("image", "verdict"))
    is_image(case["admit"]["image"], "image")
    is_text(case["admit"]["verdict"], "verdict")


def check_hash(case):
    members(case["hash"], "hash", ("kind", "value", "digest"))
    is_text(case["hash"]["kind"], "kind")
    is_bytes(case["hash"]["value"], "value")
    is_text(case["hash"]["digest"], "digest")


def check_world(case):
    is_bytes(case["world"], "world")
    if not isinstance(case["steps"], list) or not case["steps"]:
        raise Malformed("steps is no list with something in it")
    for index, step in enumerate(case["steps"]):
        check_step(step, f"steps[{index}]")


def check_step(step, what):
    kind = "run" if isinstance(step, dict) and "run" in step else "resume"
    members(step, what, (kind, "result", "dump", "records", "changes"))
    given = step[kind]
    if kind == "run":
        members(given, f"{what}.run", ("instance", "image", "cnode", "endpoint", "gas"))
        is_bytes(given["instance"], f"{what}.instance", 64)
        is_image(given["image"], f"{what}.image")
        is_bytes(given["cnode"], f"{what}.cnode")
        is_small(given["endpoint"], f"{what}.endpoint")
        is_number(given["gas"], f"{what}.gas")
    else:
        members(given, f"{what}.resume", (), ("scratchpad",))
        is_bytes(given.get("scratchpad", ""), f"{what}.scratchpad")
    if isinstance(step["result"], dict):
        check_result(step["result"], f"{what}.result")
    else:
        is_text(step["result"], f"{what}.result")
    for name in ("dump", "records"):
        is_bytes(step[name], f"{what}.{name}", 32)


def check_result(result, what):
    members(result, what, (*RESULT, "regs", "cnode", "pages"))
    for name in ("argument", "pc", "gas", "gas_used"):
        is_number(result[name], f"{what}.{name}")
    for name, value in result["regs"].items():
        is_number(value, f"{what}.{name}")
        if name not in [f"r{n}" for n in range(REGISTERS)]:
            raise Malformed(f"{what}.regs has an unknown register {name!r}")
    is_bytes(result["instance"], f"{what}.instance", 64)
    is_bytes(result["cnode"], f"{what}.cnode", 32)
    is_bytes(result["pages"], f"{what}.pages", 32)
    is_bytes(result["payload"], f"{what}.payload")


def check_genesis(case):
    is_image(case["genesis"], "genesis")
    admitted = case["verdict"] == "admitted"
    members(case, "the case", ("verdict", *(("root", "events") if admitted else ())), case.keys())
    for index, event in enumerate(case.get("events", ())):
        what = f"events[{index}]"
        expected = ("result", "root", "instance", "records", "changes")
        members(event, what, ("endpoint", "payload", "gas", "quota", *expected))
        is_small(event["endpoint"], f"{what}.endpoint")
        is_bytes(event["payload"], f"{what}.payload")
        is_number(event["gas"], f"{what}.gas")
        is_number(event["quota"], f"{what}.quota")
        members(event["result"], f"{what}.result", EVENT)
        is_bytes(event["root"], f"{what}.root", 32)
        is_bytes(event["instance"], f"{what}.instance", 64)
        is_bytes(event["records"], f"{what}.records", 32)


CHECK = {
    "decode": check_decode,
    "admit": check_admit,
    "hash": check_hash,
    "world": check_world,
    "genesis": check_genesis,
}


def check_images(case, images):
    """Whether the file has every Image that a checked case names; raises Malformed."""
    named = [case.get("genesis"), case.get("admit", {}).get("image")]
    named += [step["run"]["image"] for step in case.get("steps", ()) if "run" in step]
    for text in named:
        if text is not None:
            image_bytes(text, images)


def image_bytes(text, images):
    """The bytes of an Image that a case names or holds; raises Malformed."""
    if not text.startswith("@"):
        return bytes.fromhex(text)
    if text[1:] not in images:
        raise Malformed(f"the file has no image {text[1:]!r}")
    return bytes.fromhex(images[text[1:]])


# Comparing


def judge(case, images, engine):
    """(what, step, [(field, expected, got), ...]) of the first difference, or None."""
    act = next(name for name in ACTS if name in case)
    return JUDGE[act](case, images, engine)


def differing(step, pairs):
    found = [pair for pair in pairs if pair[1] != pair[2]]
    return ("kernel", step, found) if found else None


def judge_decode(case, images, engine):
    expected = case["decode"]
    verdict, again = engine.decode(expected["type"], bytes.fromhex(expected["bytes"]))
    pairs = [("verdict", expected["verdict"], verdict)]
    if verdict == "decoded":
        pairs.append(("encoded again", expected["bytes"], again.hex()))
    return differing(0, pairs)


def judge_admit(case, images, engine):
    expected = case["admit"]
    verdict = engine.admit(image_bytes(expected["image"], images))
    return differing(0, [("verdict", expected["verdict"], verdict)])


def judge_hash(case, images, engine):
    expected = case["hash"]
    found = engine.hash(expected["kind"], bytes.fromhex(expected["value"]))
    return differing(0, [("digest", expected["digest"], found)])


def judge_world(case, images, engine):
    engine.world_open(bytes.fromhex(case["world"]))
    for index, step in enumerate(case["steps"]):
        found = differing(index, step_pairs(step, *do_step(step, images, engine)))
        if found:
            return found
    return None


def do_step(step, images, engine):
    """Does a step: its result (a string or a dict) and its records."""
    try:
        if "run" in step:
            given = step["run"]
            result = engine.world_run(
                bytes.fromhex(given["instance"]),
                image_bytes(given["image"], images),
                bytes.fromhex(given["cnode"]),
                given["endpoint"],
                int(given["gas"], 16),
            )
        else:
            scratchpad = step["resume"].get("scratchpad")
            result = engine.world_resume(None if scratchpad is None else bytes.fromhex(scratchpad))
    except EngineRefused:
        result = ("refused", [])
    return (*result, engine.world_dump())


def step_pairs(step, result, records, dump):
    expected = step["result"]
    if isinstance(expected, str) or isinstance(result, str):
        wanted = expected if isinstance(expected, str) else expected["outcome"]
        got = result if isinstance(result, str) else result["outcome"]
        pairs = [("result", wanted, got)]
    else:
        pairs = [(name, expected[name], result[name]) for name in RESULT]
        regs = [expected["regs"].get(f"r{n}", "0x0") for n in range(REGISTERS)]
        pairs += [(f"r{n}", a, b) for n, (a, b) in enumerate(zip(regs, result["regs"]))]
        pairs += [(name, expected[name], digest(result[name])) for name in ("cnode", "pages")]
    pairs.append(("dump", step["dump"], digest(dump)))
    pairs.append(("records", step["records"], digest(b"".join(records))))
    return pairs


def judge_genesis(case, images, engine):
    verdict = engine.chain_genesis(image_bytes(case["genesis"], images))
    pairs = [("verdict", case["verdict"], verdict)]
    if verdict == "admitted" == case["verdict"]:
        pairs.append(("root", case["root"], engine.chain_root().hex()))
    found = differing(0, pairs)
    for index, event in enumerate(case.get("events", ())):
        if found:
            return found
        found = differing(index, event_pairs(event, engine))
    return found


def event_pairs(event, engine):
    result, records = engine.chain_apply(
        event["endpoint"],
        bytes.fromhex(event["payload"]),
        int(event["gas"], 16),
        int(event["quota"], 16),
    )
    pairs = [(name, event["result"][name], result[name]) for name in EVENT]
    pairs.append(("records", event["records"], digest(b"".join(records))))
    pairs.append(("instance", event["instance"], engine.chain_instance().hex()))
    pairs.append(("root", event["root"], engine.chain_root().hex()))
    return pairs


JUDGE = {
    "decode": judge_decode,
    "admit": judge_admit,
    "hash": judge_hash,
    "world": judge_world,
    "genesis": judge_genesis,
}
