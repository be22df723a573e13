"""The harness and an engine that is a program: whatever it does costs one case, which is named."""

import json
import os
import shlex
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path

import pytest

from assay.base import exit_code, paths

NATIVE = paths.native()
REF = paths.library("ref")
SERVER = paths.ROOT / "runner" / "tests" / "model_server.py"
ISA = paths.VECTORS / "isa"
FILES = (ISA / "add_64.json", ISA / "div_u_64.json", ISA / "xor.json")

# What the message of a broken case says.
FAULTS = {
    "dies": "killed by SIGABRT during run; its last words: ",
    "ends": "ended with code 3 during run; it said nothing",
    "dies_with_half_a_reply": """ended with code 5 during run; it said nothing (and half a reply, '{"ok": {"exit"')""",
    "hangs": "no reply to run within 3 s, so it was ended",
    "closes_its_output": "it closed its output and went on during run",
    "writes_without_end": "not of the protocol: ",
    "writes_lines_without_end": "output that nobody asked for",
    "complains_without_end": "no reply to run within 3 s, so it was ended; its last words: ",
    "writes_a_line_of_65_mib": "a reply of more than 64 MiB",
    "leaves_a_child_behind": "killed by SIGABRT during run; it said nothing",
    "says_no_json": "found 'S' where a value must stand, at byte ",
    "twelve_registers": "regs must be a list of 13 items",
    "numbers_as_numbers": 'gas must be a string "0x..."',
    "duplicate_key": 'duplicate key "exit"',
    "unknown_key": 'unknown key "state_root"',
    "unknown_exit": 'unknown exit "finished"',
    "no_regs": 'key "regs" is missing',
    "ok_is_a_list": "ok must be an object",
    "broken_utf8": "broken UTF-8",
    "answers_twice": "output that nobody asked for",
}
HANGS = ("hangs", "complains_without_end")  # these are waited for


def server(*arguments: str) -> str:
    return "mine=cmd:" + shlex.join([sys.executable, str(SERVER), *arguments])


def native(*arguments: object, stdin: str = "") -> subprocess.CompletedProcess[str]:
    argv = [str(argument) for argument in (NATIVE, *arguments)]
    return subprocess.run(argv, input=stdin, capture_output=True, text=True, timeout=120, check=False)


def chosen(folder: Path, *ids: str) -> Path:
    """A selection file."""
    path = folder / "ids"
    path.write_text("\n".join(ids))
    return path


def replay(engine: str, *arguments: object) -> tuple[int, list[dict[str, object]]]:
    """The exit code, and the lines of verdicts with the last line."""
    done = native("replay", "--engine", engine, *arguments)
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    return done.returncode, [line for line in lines if "begin" not in line]


MARK = "ASSAY_TEST_MARK"  # in the environment of whatever a test has started


def marked(mark: str) -> list[str]:
    """The processes of that mark which still run."""
    found = []
    for folder in Path("/proc").iterdir():
        try:
            if folder.name.isdigit() and f"{MARK}={mark}".encode() in (folder / "environ").read_bytes():
                found.append(folder.name)
        except OSError:  # it has ended meanwhile
            continue
    return found


def all_end(mark: str) -> bool:
    """Waits for them: a process that was killed takes a moment."""
    deadline = time.monotonic() + 20
    while marked(mark) and time.monotonic() < deadline:
        time.sleep(0.02)
    return not marked(mark)


def start(mark: str, *arguments: object) -> subprocess.Popen[str]:
    argv = [str(argument) for argument in (NATIVE, *arguments)]
    return subprocess.Popen(argv, stdout=subprocess.PIPE, text=True, env=os.environ | {MARK: mark})


@pytest.mark.parametrize("framed", [(), ("--framed",)], ids=("lines", "framed"))
@pytest.mark.parametrize("protocol", ["1", "2"])
def test_a_program_is_an_engine_in_either_protocol_and_carrier(protocol: str, framed: tuple[str, ...]) -> None:
    code, lines = replay(server("--protocol", protocol, *framed), *FILES, "--records")
    assert code == 0
    assert lines[-1]["pass"] == len(lines) - 1 > 20
    assert lines[-1]["engine"] == "mine"


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_costs_the_case_that_it_meets(fault: str, tmp_path: Path) -> None:
    select = chosen(tmp_path, "isa/add_64/one_and_one", "isa/div_u_64/zero_and_one", "isa/xor/zero_and_zero")
    timeout = "3" if fault in HANGS else "30"
    engine = server("--fault", fault, "--after", "div_u_64")
    code, lines = replay(engine, "--timeout", timeout, "--select", select, *FILES)
    before, broken, behind, last = lines
    assert (before["verdict"], broken["verdict"], behind["verdict"]) == ("pass", "broken", "pass")
    assert broken["case"] == "isa/div_u_64/zero_and_one"
    assert (broken["flavour"], broken["step"]) == ("production", 0)
    assert FAULTS[fault] in str(broken["message"]), broken
    assert len(str(broken["message"])) < 700
    assert (code, last["pass"], last["broken"]) == (exit_code.DIFFERED, 2, 1)


@pytest.mark.parametrize("fault", ["hangs", "leaves_a_child_behind", "closes_its_output", "none"])
def test_nothing_is_left_running(fault: str, tmp_path: Path) -> None:
    mark = tmp_path.name
    engine = server("--fault", fault, "--after", "div_u_64")
    select = chosen(tmp_path, "isa/div_u_64/zero_and_one")
    with start(mark, "replay", "--engine", engine, "--timeout", "3", "--select", select, FILES[1]) as process:
        assert '"done"' in process.communicate(timeout=60)[0]
    assert all_end(mark)


def test_the_engine_ends_with_a_harness_that_is_killed(tmp_path: Path) -> None:
    mark = tmp_path.name
    engine = server("--fault", "hangs", "--after", "div_u_64")
    with start(mark, "replay", "--engine", engine, "--timeout", "60", FILES[1]) as process:
        assert process.stdout is not None and '"begin"' in process.stdout.readline()
        assert len(marked(mark)) == 2
        process.kill()
    assert all_end(mark)


@pytest.mark.parametrize(
    "command, words",
    [
        ("no_such_program", "not found"),
        ("sleep 60", "no reply to hello within 1 s"),
        ("sh -c 'exit 3'", "ended with code 3 during hello"),
        ("echo hello", "not of the protocol"),
        ("cat", "not of the protocol"),  # it says what it hears
    ],
)
def test_what_is_no_engine_is_refused_at_once(command: str, words: str) -> None:
    done = native("replay", "--engine", f"mine=cmd:{command}", "--timeout", "1", FILES[0])
    assert done.returncode == exit_code.NO_ENGINE
    assert "engine mine: " in done.stderr and words in done.stderr
    assert done.stdout == ""


@pytest.mark.parametrize("timeout", ["0", "-1", "x", "nan", "1e3", "", "100000000"])
def test_a_timeout_is_a_number_of_seconds(timeout: str) -> None:
    done = native("replay", "--engine", server(), f"--timeout={timeout}", FILES[0])
    assert done.returncode == exit_code.NO_ENGINE and "--timeout" in done.stderr


def test_last_words_are_cut(tmp_path: Path) -> None:
    engine = server("--fault", "dies", "--after", "div_u_64")
    _, lines = replay(engine, "--select", chosen(tmp_path, "isa/div_u_64/zero_and_one"), FILES[1])
    message = str(next(line["message"] for line in lines if line["verdict"] == "broken"))
    words = message.split("last words: ")[1]
    assert len(words) == 400 and words.endswith("assertion failed: planted")


def test_an_engine_without_records_is_replayed_without_them() -> None:
    code, lines = replay(server("--features", ""), *FILES)
    assert (code, lines[-1]["pass"]) == (0, len(lines) - 1)
    code, lines = replay(server("--features", ""), "--records", paths.VECTORS / "exit" / "records.json")
    assert code == exit_code.DIFFERED and lines[-1]["error"] != 0


def test_two_programs_run_side_by_side() -> None:
    ours = f"ref=cmd:{NATIVE} serve --engine {REF} --framed"
    done = native("lockstep", "--engine", ours, "--engine", server(), "--count", "40")
    assert done.returncode == 0, done.stdout + done.stderr
    done = native("diff", "--engine", ours, "--engine", server(), "--case", "isa/xor/zero_and_zero", *FILES)
    assert done.returncode == 0, done.stdout + done.stderr
    wrong = server("--fault", "add_imm_32_zero_extends")
    file = ISA / "add_imm_32.json"
    code, lines = replay(wrong, file)
    failed = str(next(line["case"] for line in lines if line["verdict"] == "fail"))
    done = native("diff", "--engine", ours, "--engine", wrong, "--case", failed, file)
    assert code == done.returncode == exit_code.DIFFERED


def test_a_bench_refuses_a_program_with_a_sentence() -> None:
    done = native("bench", "--engine", server())
    assert done.returncode == exit_code.NO_ENGINE and "shared objects only" in done.stderr


# The server's side of the negotiation

Reply = dict[str, dict[str, object]]


def serve(*requests: Mapping[str, object]) -> list[Reply]:
    text = "".join(json.dumps(request) + "\n" for request in requests)
    done = native("serve", "--engine", REF, stdin=text)
    assert done.returncode == 0
    return [json.loads(line) for line in done.stdout.splitlines()]


def kind(reply: Reply) -> object:
    """Of the error that a reply is; None of another one."""
    return reply.get("error", {}).get("kind")


LOAD = {"op": "load", "blob": "", "mem_cycles": 25, "pages": []}
HASH = {"op": "hash", "kind": "bytes", "value": ""}
NEWER = (
    LOAD | {"profile": "jar"},
    HASH | {"revision": 1},
    {"op": "decode", "type": "cap", "bytes": "", "revision": 1},
    {"op": "world_open", "world": "", "revision": 1},
    {"op": "chain_genesis", "image": "", "revision": 1},
)


def test_protocol_2_says_revisions_and_profiles_and_protocol_1_does_not() -> None:
    newest, one, three = serve(*({"op": "hello", "protocol": protocol} for protocol in (2, 1, 3)))
    said = {"name", "version", "abi", "features", "protocol"}
    assert set(one["ok"]) == said
    assert set(newest["ok"]) == said | {"revisions", "profiles"}
    assert newest["ok"]["revisions"] == [1] and newest["ok"]["profiles"] == ["jar"]
    assert kind(three) == "protocol"


@pytest.mark.parametrize("newer", NEWER, ids=lambda newer: newer["op"])
def test_members_of_protocol_2_are_unknown_in_protocol_1(newer: Mapping[str, object]) -> None:
    for hello in ((), ({"op": "hello", "protocol": 1},)):
        reply = serve(*hello, newer)[-1]
        assert kind(reply) == "protocol" and "unknown key" in str(reply["error"]["message"])
    assert kind(serve({"op": "hello", "protocol": 2}, newer)[-1]) != "protocol"


def test_another_revision_or_profile_is_unsupported_or_unknown() -> None:
    hello = {"op": "hello", "protocol": 2}
    _, revision, profile = serve(hello, HASH | {"revision": 63}, LOAD | {"profile": "other"})
    assert (kind(revision), kind(profile)) == ("unsupported", "protocol")


@pytest.mark.parametrize("position", [0, 1])
def test_random_programs_say_that_a_program_died(position: int) -> None:
    engines = [f"ref=cmd:{NATIVE} serve --engine {REF} --framed"]
    engines.insert(position, server("--fault", "dies", "--after", "add_64"))
    done = native("lockstep", "--engine", engines[0], "--engine", engines[1], "--count", "2000", "--max", "1")
    divergence, summary = (json.loads(line) for line in done.stdout.splitlines())
    assert done.returncode == exit_code.DIFFERED and summary["divergences"] == 1
    assert "killed by SIGABRT during run; its last words: " in divergence["message"]
    assert divergence["differences"][0]["field"] == "run"


SHORT_LIVED = """
import sys
greeting = '{"protocol": 1, "name": "short", "version": "1", "abi": 2, "features": []}'
for request in sys.stdin:
    if "hello" not in request:
        sys.exit("enough")
    print('{"ok": %s}' % greeting, flush=True)
"""


def test_a_program_that_breaks_again_and_again_is_given_up(tmp_path: Path) -> None:
    program = tmp_path / "short.py"
    program.write_text(SHORT_LIVED)
    code, lines = replay(f"mine=cmd:{sys.executable} -S -E {program}", *FILES)
    *verdicts, last = lines
    assert code == exit_code.DIFFERED
    assert [line["verdict"] for line in verdicts] == ["broken"] * 10 + ["error"] * (len(verdicts) - 10)
    assert verdicts[0]["message"] == "ended with code 1 during load; its last words: enough"
    assert verdicts[-1]["message"] == "not run: the engine was given up"
    assert (last["broken"], last["error"]) == (10, len(verdicts) - 10)
