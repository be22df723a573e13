"""`assay-native diff` names the first difference, whatever kind it is of and whatever the engines can show."""

import json
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from assay.assembly import asm
from assay.base import exit_code, paths
from assay.check import faults, saboteurs

NATIVE = paths.native()
REF, FAST = paths.library("ref"), paths.library("fast")
SERVER = paths.ROOT / "runner" / "tests" / "model_server.py"
GAS = 0x10000000
LOOP = """
load_imm r1, {rounds}
load_imm r2, 7
fallthrough
again:
add_imm_64 r1, r1, -1
branch_ne_imm r1, 0, again
{last}
trap
"""


def server(*arguments: str) -> str:
    return "mine=cmd:" + shlex.join([sys.executable, str(SERVER), *arguments])


def served(library: Path | None) -> str:
    return "mine=cmd:" + shlex.join([str(NATIVE), "serve", "--engine", str(library)])


def diff(*arguments: object) -> tuple[int, list[dict]]:
    argv = [str(argument) for argument in (NATIVE, "diff", *arguments)]
    done = subprocess.run(argv, capture_output=True, text=True, timeout=120, check=False)
    assert done.stdout, done.stderr
    return done.returncode, [json.loads(line) for line in done.stdout.splitlines()]


def between(expected: object, got: object, file: Path, identity: str) -> dict:
    """The line of one case."""
    code, lines = diff("--engine", expected, "--engine", got, "--timeout", 3, "--case", identity, file)
    assert lines[-1]["done"] and lines[-1]["cases"] == 1 == len(lines) - 1
    assert code == (exit_code.AGREED if lines[0]["divergence"] is None else exit_code.DIFFERED)
    return lines[0]


def program(folder: Path, text: str, gas: int = GAS) -> tuple[Path, str]:
    """A vector file of one program, and its id; what the program leads to does not matter."""
    stop = {"exit": "trap", "argument": "0x0", "pc": "0x0", "gas": "0x0", "regs": {}, "memory": []}
    case = {"id": "test/diff/program", "rules": [], "against": [], "blob": asm.assemble(text).blob.hex()}
    case |= {"mem_cycles": 25, "pages": [], "load": "admitted"}
    case["steps"] = [{"run": {"pc": "0x0", "gas": hex(gas), "regs": {}}, "stop": stop}]
    head = {"schema": "assay-machine-1", "area": "test", "subject": "diff", "votes": []}
    path = folder / "program.json"
    path.write_text(json.dumps(head | {"cases": [case]}))
    return path, "test/diff/program"


def loop(folder: Path, rounds: int, last: str) -> tuple[Path, str]:
    return program(folder, LOOP.format(rounds=rounds, last=last))


def test_a_whole_suite_agrees(tmp_path: Path) -> None:
    files = sorted(path for area in ("gas", "exit", "chain", "yield") for path in (paths.VECTORS / area).glob("*.json"))
    ids = [case["id"] for path in files for case in json.loads(path.read_text())["cases"]]
    chosen = tmp_path / "ids"
    chosen.write_text("\n".join(ids))
    code, lines = diff("--engine", REF, "--engine", FAST, "--select", chosen, *files)
    assert code == exit_code.AGREED and lines[-1]["cases"] == len(ids)
    assert [line["case"] for line in lines[:-1]] == ids
    assert {line["level"] for line in lines[:-1]} == {"machine", "kernel"}
    assert all(line["divergence"] is None and not line["unseen"] for line in lines[:-1])


def test_an_instruction_far_inside_a_run(tmp_path: Path) -> None:
    rounds = 100000
    found = between(REF, built("sign_extension_from_the_wrong_bit", tmp_path), *loop(tmp_path, rounds, EXTEND))
    divergence = found["divergence"]
    assert (divergence["kind"], divergence["index"]) == ("instruction", 3 + 2 * rounds + 1)
    assert divergence["before"]["kind"] == "instruction" and divergence["before"]["index"] == divergence["index"] - 1
    assert [field["field"] for field in divergence["differences"]] == ["r3"] and found["flavour"] == "both"
    assert found["records"] > 3 * rounds and found["runs"] < 20


EXTEND = "load_imm r1, 0x4000\nsign_extend_16 r3, r1"


def built(name: str, folder: Path) -> Path:
    library = saboteurs.build(faults.named(name), folder / "bad").path
    assert library is not None
    return library


def test_records_that_a_process_cuts_are_seen_in_pieces(tmp_path: Path) -> None:
    rounds = 50000
    case = loop(tmp_path, rounds, EXTEND)
    assert between(REF, served(REF), *case)["divergence"] is None
    bad = built("sign_extension_from_the_wrong_bit", tmp_path)
    inside = between(REF, bad, *case)["divergence"]
    assert between(REF, served(bad), *case)["divergence"] == inside and inside["index"] == 3 + 2 * rounds + 1


def test_the_charge_of_a_block_comes_before_its_instructions(tmp_path: Path) -> None:
    found = between(REF, server("--fault", "mul_64_row_is_off"), *loop(tmp_path, 5, "mul_64 r3, r1, r2"))
    divergence = found["divergence"]
    assert (divergence["kind"], divergence["index"]) == ("block", 6)
    assert (divergence["before"]["kind"], divergence["before"]["index"]) == ("instruction", 3 + 10 - 1)
    assert [field["field"] for field in divergence["differences"]] == ["gas"]


def test_a_block_that_one_side_does_not_enter(tmp_path: Path) -> None:
    found = between(REF, server("--fault", "branch_ne_imm_never_taken"), *loop(tmp_path, 5, "fallthrough"))
    divergence = found["divergence"]
    assert (divergence["kind"], divergence["index"]) == ("block", 2)
    assert divergence["before"]["kind"] == "instruction"


@pytest.mark.parametrize("features", ["", "blocks", "instructions", "blocks,instructions"])
def test_what_only_production_code_does_is_found_by_gas(features: str, tmp_path: Path) -> None:
    arguments = ("--fault", "production_differs", "--features", features)
    found = between(
        REF, server(*arguments), *program(tmp_path, "load_imm r1, 1\nfallthrough\nadd_imm_64 r1, r1, 1\ntrap")
    )
    divergence = found["divergence"]
    assert (divergence["kind"], divergence["by"], found["flavour"]) == ("gas", "gas", "production")
    assert divergence["before"]["exit"] == "out_of_gas" and divergence["index"] == 1
    assert int(divergence["before"]["pc"], 16) == 4 and divergence["before"]["regs"][1] == "0x1"
    assert divergence["expected"]["regs"][1] == "0x2" != divergence["got"]["regs"][1]
    lacks = [kind for kind in ("instructions", "blocks") if kind not in features.split(",")]
    assert found["unseen"] == lacks


@pytest.mark.parametrize("fault", ["dies", "hangs", "no_regs"])
def test_where_an_engine_breaks(fault: str, tmp_path: Path) -> None:
    failure = {"dies": "died", "hangs": "hung", "no_regs": "garbage"}[fault]
    case = loop(tmp_path, 3, "mul_64 r3, r1, r2")
    found = between(REF, server("--fault", fault, "--after", "mul_64"), *case)
    divergence = found["divergence"]
    assert (divergence["kind"], divergence["by"], divergence["repeats"]) == ("broken", "instructions", True)
    assert divergence["got"]["failure"] == failure and divergence["got"]["message"]
    assert divergence["expected"]["exit"] == "trap" and divergence["index"] == 3 + 6
    before = divergence["before"]
    assert before["exit"] == "stopped" and before["regs"][1] == "0x0"


def test_where_an_engine_breaks_that_counts_nothing(tmp_path: Path) -> None:
    case = loop(tmp_path, 3, "mul_64 r3, r1, r2")
    found = between(REF, server("--fault", "dies", "--after", "mul_64", "--features", ""), *case)
    divergence = found["divergence"]
    assert (divergence["kind"], divergence["by"], divergence["index"]) == ("broken", "gas", 4)
    assert divergence["before"]["exit"] == "out_of_gas" and divergence["before"]["regs"][1] == "0x0"
    assert found["unseen"] == ["instructions", "blocks"]


def test_a_load_that_differs() -> None:
    file = paths.VECTORS / "blob" / "stray_bits.json"
    case = json.loads(file.read_text())["cases"]
    identity = next(entry["id"] for entry in case if entry["load"] == "blob/stray_bits")
    found = between(REF, server("--fault", "stray_bits_are_admitted"), file, identity)
    assert found["step"] is None and found["divergence"]["kind"] == "load"
    assert (found["divergence"]["expected"], found["divergence"]["got"]) == ("blob/stray_bits", "admitted")


def test_a_refusal_that_is_not_given(tmp_path: Path) -> None:
    file, identity = program(tmp_path, "trap")
    content = json.loads(file.read_text())
    stop = content["cases"][0]["steps"][0]["stop"]
    content["cases"][0]["steps"].append({"resume": {}, "stop": stop})
    file.write_text(json.dumps(content))
    found = between(REF, server("--fault", "resume_is_always_legal"), file, identity)
    assert found["divergence"]["kind"] == "result" and found["step"] == 1
    assert (found["divergence"]["expected"], found["divergence"]["got"]) == ("refused", "done")


UNSTEADY = """
import json, sys
print_ = sys.stdout.buffer
import subprocess
child = subprocess.Popen(sys.argv[1:], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
runs = 0
for line in sys.stdin.buffer:
    child.stdin.write(line)
    child.stdin.flush()
    reply = json.loads(child.stdout.readline())
    if json.loads(line)["op"] in ("run", "world_run", "chain_apply"):
        runs += 1
        reply["ok"]["gas_used" if "gas_used" in reply["ok"] else "gas"] = hex(runs)
    print_.write(json.dumps(reply).encode() + b"\\n")
    print_.flush()
"""


@pytest.mark.parametrize("identity", ["isa/add_64/wraps_at_2_64", "call/fault/trap", "chain/files/rollback"])
def test_an_engine_that_never_says_the_same(identity: str, tmp_path: Path) -> None:
    (tmp_path / "unsteady.py").write_text(UNSTEADY)
    command = [sys.executable, str(tmp_path / "unsteady.py"), str(NATIVE), "serve", "--engine", str(REF)]
    area, subject, _ = identity.split("/")
    file = paths.VECTORS / area / f"{subject}.json"
    if area == "isa":
        identity = json.loads(file.read_text())["cases"][0]["id"]
    found = between(REF, "mine=cmd:" + shlex.join(command), file, identity)
    assert found["divergence"]["kind"] == "unsteady" and "mine" in found["divergence"]["message"]


# Faults of the kernel, and the kinds of difference that they show in.
KERNEL = {
    "rollback_forgotten": {"state"},
    "quota_charged_twice": {"event"},
    "counter_not_written_back": {"dump", "event", "state"},
    "trailing_zero_kept": {"result", "event"},
}


@pytest.mark.parametrize("name", KERNEL)
def test_a_fault_of_the_kernel(name: str, tmp_path: Path) -> None:
    """Every case that replay fails is one that diff finds a difference in, in the same step."""
    library = built(name, tmp_path)
    areas = ("image", "cap", "host", "call", "yield", "chain")
    files = [path for area in areas for path in sorted((paths.VECTORS / area).glob("*.json"))]
    argv = [str(part) for part in (NATIVE, "replay", "--engine", library, *files)]
    lines = subprocess.run(argv, capture_output=True, text=True, check=False).stdout.splitlines()
    failed = {line["case"]: line for line in map(json.loads, lines) if line.get("verdict") == "fail"}
    (tmp_path / "ids").write_text("\n".join(failed))
    code, found = diff("--engine", REF, "--engine", library, "--select", tmp_path / "ids", *files)
    assert code == exit_code.DIFFERED and found[-1]["divergences"] == len(failed) == len(found) - 1 > 0
    assert {line["divergence"]["kind"] for line in found[:-1]} == KERNEL[name]
    for line in found[:-1]:
        divergence = line["divergence"]
        assert divergence["expected"] != divergence["got"] and line["step"] in (failed[line["case"]]["step"], None)
        if divergence["kind"] == "event":
            assert (divergence["before"] is None) == (divergence["index"] == 0)


DYING = UNSTEADY.replace(
    "runs += 1", 'gas = int(json.loads(line)["gas"], 16)\n        if gas >= 40: sys.exit(3)'
).replace('reply["ok"]["gas_used" if "gas_used" in reply["ok"] else "gas"] = hex(runs)', "pass")


@pytest.mark.parametrize("identity", ["call/fault/trap", "chain/files/rollback"])
def test_where_an_engine_of_the_kernel_dies(identity: str, tmp_path: Path) -> None:
    (tmp_path / "dying.py").write_text(DYING)
    command = [sys.executable, str(tmp_path / "dying.py"), str(NATIVE), "serve", "--engine", str(REF)]
    area, subject, _ = identity.split("/")
    found = between(REF, "mine=cmd:" + shlex.join(command), paths.VECTORS / area / f"{subject}.json", identity)
    divergence = found["divergence"]
    assert (divergence["kind"], divergence["by"], divergence["gas"]) == ("broken", "gas", "0x28")
    assert divergence["got"]["failure"] == "died" and divergence["before"]["outcome"] in ("faulted", "paused")


def test_a_level_that_is_missing() -> None:
    file = paths.VECTORS / "call" / "fault.json"
    found = between(REF, server(), file, "call/fault/trap")
    assert found["divergence"]["kind"] == "broken" and found["divergence"]["got"]["failure"] == "unsupported"


def test_cases_that_are_nowhere(tmp_path: Path) -> None:
    file = paths.VECTORS / "call" / "fault.json"
    code, lines = diff("--engine", REF, "--engine", FAST, "--case", "call/fault/trap", "--case", "no/such/case", file)
    assert code == exit_code.BAD_INPUT
    assert [line.get("verdict") for line in lines] == [None, "invalid", None] and lines[1]["case"] == "no/such/case"
