"""The command line: what bad input gets, and that nothing goes green by accident."""

import json
import os
import shlex
import signal
import stat
import subprocess
import sys
import time
import xml.etree.ElementTree as xml

import pytest
from command import assay, assay_as_anybody

from assay.base import exit_code, paths
from assay.check import faults, saboteurs
from assay.guests import programs
from assay.suite.keyword import Keyword
from linker import cli as linker

GOOD = paths.VECTORS / "isa" / "add_64.json"
ENGINES = ("model", "ref", "fast")
SERVER = paths.ROOT / "runner" / "tests" / "model_server.py"


def said(done):
    return done.stdout + done.stderr


def written(path, change):
    """A vector file whose text is changed."""
    path.write_text(change(GOOD.read_text()))
    return path


def test_help_names_every_command_and_exit_code():
    text = assay("--help").stdout
    for word in ("demo", "replay", "diff", "trace", "random", "bench", "doctor", "130"):
        assert word in text
    assert assay("replay", "--help").returncode == 0


def test_an_unknown_command_or_option_is_a_usage_error():
    assert assay("nothing").returncode == exit_code.USAGE
    assert assay("replay", "--nothing").returncode == exit_code.USAGE
    assert assay("replay", "-k", "a and", GOOD).returncode == exit_code.USAGE
    assert assay("replay", "-e", "what", GOOD).returncode == exit_code.USAGE


def test_a_good_file_passes_on_all_engines():
    done = assay("replay", GOOD)
    assert done.returncode == exit_code.AGREED
    assert " 0 wrong" in done.stdout and "model, ref, fast" in done.stdout


def test_no_case_is_not_green():
    assert assay("replay", "-k", "no_such_thing", GOOD).returncode == exit_code.NOTHING


def test_a_missing_file_and_an_empty_folder(tmp_path):
    done = assay("replay", tmp_path / "nowhere.json")
    assert done.returncode == exit_code.BAD_INPUT and "nowhere.json" in done.stderr
    done = assay("replay", tmp_path)
    assert done.returncode == exit_code.BAD_INPUT and "no .json file" in done.stderr


def test_an_unreadable_folder(tmp_path):
    folder = tmp_path / "closed"
    folder.mkdir()
    folder.chmod(0)
    try:
        done = assay_as_anybody("replay", folder)
        assert done.returncode == exit_code.BAD_INPUT and "closed" in done.stderr
    finally:
        folder.chmod(stat.S_IRWXU)


@pytest.mark.parametrize("command", ["asm", "link", "chain"])
def test_an_output_that_cannot_be_written_has_a_code_of_its_own(command, tmp_path):
    nowhere = tmp_path / "no folder" / "output"
    (tmp_path / "program.asm").write_text("trap\n")
    (tmp_path / "events").write_text('{"payload": ""}\n')
    programs.link("store", tmp_path)
    elf = tmp_path / "fib.elf"
    assert linker.cc_main([str(programs.SOURCES / "fib.c"), "--elf", str(elf), "-o", str(tmp_path / "fib.image")]) == 0
    arguments = {
        "asm": (tmp_path / "program.asm", "-o", nowhere),
        "link": (elf, "-o", nowhere),
        "chain": ("run", tmp_path / "store.image", tmp_path / "events", "-e", "ref", "--state", nowhere),
    }
    done = assay(command, *arguments[command])
    assert done.returncode == exit_code.NO_OUTPUT, said(done)
    assert "cannot be written" in done.stderr and str(nowhere) in done.stderr


CHANGES = {
    "no JSON": lambda text: text[: len(text) // 2],
    "trailing text": lambda text: text + "{}",
    "wrong schema": lambda text: text.replace("assay-machine-1", "assay-machine-9"),
    "unknown key": lambda text: text.replace('"rules"', '"rulez"', 1),
    "duplicate key": lambda text: text.replace('"rules"', '"id":"isa/x/y","rules"', 1),
    "number past 2^53": lambda text: text.replace('"mem_cycles":25', '"mem_cycles":9007199254740993', 1),
    "wrong width": lambda text: text.replace('"gas":"0x3e8"', '"gas":"0x03e8"', 1),
}


@pytest.mark.parametrize("change", CHANGES, ids=str)
def test_what_is_no_vector_is_named_with_its_offset_and_the_rest_runs(change, tmp_path):
    path = written(tmp_path / "bad.json", CHANGES[change])
    assert path.read_text() != GOOD.read_text()
    other = tmp_path / "other.json"
    other.write_text((paths.VECTORS / "isa" / "sub_64.json").read_text())
    done = assay("replay", path, other)
    assert done.returncode == exit_code.BAD_INPUT
    assert "bad.json" in said(done) and "at byte" in said(done)
    assert "pass, 0 wrong" in said(done)


def test_a_duplicate_id_is_invalid(tmp_path):
    copy = written(tmp_path / "copy.json", lambda text: text)
    done = assay("replay", GOOD, copy)
    assert done.returncode == exit_code.BAD_INPUT and "duplicate id" in said(done)


def test_a_wrong_expectation_is_a_divergence(tmp_path):
    path = written(tmp_path / "wrong.json", lambda text: text.replace('"gas":"0x3e7"', '"gas":"0x3e6"', 1))
    done = assay("replay", path)
    assert done.returncode == exit_code.DIFFERED
    assert done.stdout.count("the vector expects something else") == 3


def test_an_engine_that_cannot_be_loaded(tmp_path):
    assert assay("replay", "-e", f"mine={tmp_path}/none.so", GOOD).returncode == exit_code.NO_ENGINE
    text = tmp_path / "libassay_text.so"
    text.write_text("no shared object")
    done = assay("replay", "-e", f"mine={text}", GOOD)
    assert done.returncode == exit_code.NO_ENGINE and "text" in done.stderr
    assert assay("replay", "-e", "mine=cmd:no-such-program", GOOD).returncode == exit_code.NO_ENGINE


def test_a_process_that_speaks_the_protocol_is_an_engine():
    command = shlex.join([sys.executable, str(SERVER)])
    done = assay("replay", "-e", f"mine=cmd:{command}", "--show", str(paths.ROOT), GOOD)
    assert done.returncode == exit_code.AGREED, said(done)


@pytest.mark.parametrize("program", ["false", "true", "sh -c 'echo hello; cat'"], ids=["dies", "ends", "garbage"])
def test_a_process_that_dies_or_answers_garbage(program):
    done = assay("replay", "-e", f"mine=cmd:{program}", GOOD, "--cards", "1")
    assert done.returncode == exit_code.BROKEN
    assert "mine" in said(done)


def test_a_process_that_hangs():
    done = assay("replay", "-e", "mine=cmd:sleep 60", "--timeout", "0.2", "-k", "one_and_one", GOOD)
    assert done.returncode == exit_code.BROKEN and "0.2 s" in said(done)


CRASHES = {
    "dies": ("    machine->gas -= *cost;", "    *(volatile int *)0 = 1;", "SIG"),
    "hangs": ("    machine->gas -= *cost;", "    for (volatile int i = 0;; i++) {}", "no reply to run within 0.3 s"),
}


@pytest.mark.parametrize("how", CRASHES)
def test_a_shared_object_that_breaks_costs_one_case_each(how, tmp_path):
    right, wrong, words = CRASHES[how]
    fault = faults.Fault(how, "ref", "machine/run.c", right, wrong, "")
    engine = saboteurs.build(fault, tmp_path)
    arguments = ("-e", engine.option, "--timeout", "0.3", "--cards", "0", "-k", "one_and", GOOD)
    done = assay("replay", *arguments, "--json", tmp_path / "report.jsonl")
    assert done.returncode == exit_code.BROKEN and words in said(done)
    lines = [json.loads(line) for line in (tmp_path / "report.jsonl").read_text().splitlines()]
    assert lines[-1]["done"]
    counts = lines[-1]["counts"][engine.name]
    assert counts["wrong"] + counts["not run"] == len(lines) - 2 >= 1 and counts["wrong"] >= 1
    assert {line["kind"] for line in lines[1:-1] if line["verdict"] == "wrong"} == {"died" if how == "dies" else "hung"}


def test_reports_for_machines(tmp_path):
    paths = tmp_path / "report.jsonl", tmp_path / "report.xml"
    done = assay("replay", GOOD, "--json", paths[0], "--junit", paths[1])
    lines = [json.loads(line) for line in paths[0].read_text().splitlines()]
    suites = xml.parse(paths[1]).getroot()
    cases = len(GOOD.read_text().split('"id":')) - 1
    assert done.returncode == 0
    assert lines[-1]["done"] and lines[-1]["code"] == 0 and 3 * cases == len(lines) - 2
    assert {name: counts["pass"] for name, counts in lines[-1]["counts"].items()} == dict.fromkeys(ENGINES, cases)
    assert lines[0]["corpus"]["digest"] == lines[-1]["corpus"]
    assert [suite.get("name") for suite in suites] == list(ENGINES)
    assert {suite.get("tests") for suite in suites} == {str(cases)}
    assert json.loads(assay("replay", GOOD, "--json", "-").stdout.splitlines()[1])["verdict"] == "pass"


def test_an_interrupt_leaves_a_valid_report(tmp_path):
    report = tmp_path / "report.jsonl"
    argv = [sys.executable, "-m", "assay", "replay", "-e", "ref", "-e", "mine=cmd:sleep 60"]
    process = subprocess.Popen(
        [*argv, "--json", str(report), str(GOOD)],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    deadline = time.monotonic() + 30
    while not (report.exists() and report.read_text().count("\n") > 1) and time.monotonic() < deadline:
        time.sleep(0.05)
    time.sleep(0.3)
    os.killpg(process.pid, signal.SIGINT)
    assert process.wait(30) == exit_code.INTERRUPTED
    lines = [json.loads(line) for line in report.read_text().splitlines()]
    counts = lines[-1]["counts"]
    assert lines[-1]["interrupted"] and counts["ref"]["pass"] == counts["mine"]["not run"] == (len(lines) - 2) / 2 > 0


def test_run_trace_and_diff_of_a_program(tmp_path):
    program = tmp_path / "add.asm"
    program.write_text("load_imm r1, 5\nadd_imm_64 r1, r1, 2\ntrap\n")
    done = assay("run", program)
    assert done.returncode == 0 and done.stdout.count("r1=0x7") == 3
    for engine in ("model", "ref"):
        assert "add_imm_64" in assay("trace", program, "-e", engine).stdout
    assert "no divergence" in assay("diff", program).stdout
    assert "no divergence" in assay("diff", program, "-e", "model", "-e", "fast").stdout


def test_diff_names_the_first_wrong_record(tmp_path):
    fault = next(fault for fault in faults.FAULTS if fault.engine == "ref")
    engine = saboteurs.build(fault, tmp_path / "bad")
    program = tmp_path / "extend.asm"
    lines = ["load_imm r2, 300000000", "load_imm r1, 0x7fff", "fallthrough", "again:"]
    lines += ["add_imm_64 r2, r2, -1", "branch_ne_imm r2, 299900000, again", "sign_extend_16 r3, r1", "trap"]
    program.write_text("\n".join(lines).replace("sign_extend_16", "load_imm r1, 0x4000\nsign_extend_16"))
    done = assay("diff", program, "-e", "ref", "-e", engine.option, "--gas", "1000000000")
    assert done.returncode == exit_code.DIFFERED, said(done)
    assert "sign_extend_16" in done.stdout


def test_asm_and_disasm_are_inverse(tmp_path):
    text = "load_imm r1, 5\ntrap\n"
    blob = assay("asm", "-", stdin=text).stdout.strip()
    (tmp_path / "blob").write_bytes(bytes.fromhex(blob))
    again = assay("disasm", tmp_path / "blob").stdout
    assert assay("asm", "-", stdin=again).stdout.strip() == blob
    done = assay("asm", "-", stdin="load_imm r99, 5\n")
    assert done.returncode == exit_code.BAD_INPUT and ":1:" in done.stderr
    (tmp_path / "short").write_bytes(b"\0")
    done = assay("disasm", tmp_path / "short")
    assert done.returncode == exit_code.BAD_INPUT and "blob/" in done.stderr


def test_random_programs_are_repeatable():
    first = json.loads(assay("random", "--count", "200", "--seed", "3", "--json").stdout)
    again = json.loads(assay("random", "--count", "200", "--seed", "3", "--json").stdout)
    assert first == again and first["programs"] == 200 and first["divergences"] == 0


def test_random_programs_find_a_planted_fault(tmp_path):
    engine = saboteurs.build(faults.FAULTS[0], tmp_path)
    done = assay("random", "-e", "ref", "-e", engine.option, "--count", "4000", "--seed", "1")
    assert done.returncode == exit_code.DIFFERED
    assert json.loads(done.stdout.splitlines()[0])["case"]["blob"]


def test_doctor_and_completion():
    done = assay("doctor")
    assert done.returncode == 0 and "vectors" in done.stdout, said(done)
    assert "_assay_completion" in assay("completion", "bash").stdout


@pytest.mark.parametrize(
    "text, yes, no",
    [
        ("add", "isa/add_64", "isa/sub"),
        ("not add", "isa/sub", "isa/add_64"),
        ("gas and (move or row)", "gas/move", "isa/move"),
        ("ADD or sub", "isa/sub", "isa/mul"),
        ("not (a and b)", "a", "ab"),
    ],
)
def test_keywords(text, yes, no):
    assert Keyword(text).matches(yes) and not Keyword(text).matches(no)


def test_bench_has_every_row_for_both_engines():
    done = assay("bench", "--rounds", "7", "--json", timeout=300)
    assert done.returncode == 0, said(done)
    names = [row["kernel"] for row in json.loads(done.stdout)["rows"]]
    assert {"sieve", "host_calls", "compile", "compile_any"} <= set(names)


KEEPS = paths.VECTORS / "chain" / "files.json"


@pytest.fixture(scope="module")
def keeper(tmp_path_factory):
    """An Image that saves each payload as a file."""
    path = tmp_path_factory.mktemp("kernel") / "keeper.image"
    case = next(line for line in KEEPS.read_text().splitlines() if "saves_each_payload" in line and '"id"' in line)
    image = json.loads(case.rstrip(","))["genesis"]
    images = json.loads(KEEPS.read_text())["images"]
    path.write_bytes(bytes.fromhex(images[image[1:]] if image.startswith("@") else image))
    return path


def test_images_are_checked_shown_and_hashed(keeper, tmp_path):
    done = assay("image", "check", keeper)
    assert done.returncode == 0 and done.stdout.count("admitted") == 3, said(done)
    digest = assay("image", "hash", keeper).stdout.strip()
    assert json.loads(assay("image", "show", keeper).stdout)["hash"] == digest
    cut = tmp_path / "cut.image"
    cut.write_bytes(keeper.read_bytes()[:-1])
    done = assay("image", "check", cut)
    assert done.returncode == exit_code.DIFFERED and "image/decode/unexpected_eof at byte" in done.stdout
    assert assay("image", "hash", cut).returncode == exit_code.BAD_INPUT
    assert assay("image", "show", tmp_path / "none").returncode == exit_code.BAD_INPUT


def test_a_chain_runs_events_from_lines(keeper, tmp_path):
    events = '{"payload": "6869"}\n{"payload": "00ff", "quota": 1}\n'
    state = tmp_path / "state"
    done = assay("chain", "run", keeper, "-", "--state", state, stdin=events)
    assert done.returncode == 0 and "equal outcomes" in done.stderr, said(done)
    roots = [line.split("root ")[1] for line in done.stdout.splitlines()]
    assert len(roots) == 2 and json.loads(assay("state", "show", state).stdout)["root"] == roots[1]
    lines = assay("chain", "run", keeper, "-", "--json", "-e", "fast", stdin=events).stdout.splitlines()
    assert [json.loads(line)["outcome"] for line in lines] == ["halt", "faulted"]


@pytest.mark.parametrize("line", ["{", "[]", '{"payload": "x"}', '{"gas": -1}', '{"endpoint": 256}', '{"more": 1}', ""])
def test_what_is_no_event_is_named(line, keeper):
    done = assay("chain", "run", keeper, "-", stdin=f'{{"payload": ""}}\n{line}\n' if line else "")
    assert done.returncode == exit_code.BAD_INPUT
    assert ":2:" in done.stderr or "no event" in done.stderr


def test_a_rejected_image_starts_no_chain(keeper, tmp_path):
    bad = tmp_path / "bad.image"
    bad.write_bytes(keeper.read_bytes() + b"\0")
    done = assay("chain", "run", bad, "-", stdin='{"payload": ""}\n')
    assert done.returncode == exit_code.BAD_INPUT and "image/decode/trailing_bytes" in done.stderr


def test_trace_and_diff_of_a_kernel_case(tmp_path):
    case = f"{KEEPS}::chain/files/saves_each_payload"
    texts = [assay("trace", case, "-e", engine).stdout for engine in ("model", "ref", "fast")]
    assert texts[0] == texts[1] == texts[2] and "save" in texts[0]
    assert "no divergence" in assay("diff", case).stdout
    fault = faults.named("quota_charged_twice")
    engine = saboteurs.build(fault, tmp_path)
    done = assay("diff", case, "-e", "model", "-e", engine.option)
    assert done.returncode == exit_code.DIFFERED and "host/quota" in done.stdout
    assert assay("diff", case, "-e", "ref", "-e", engine.option).returncode == exit_code.DIFFERED


KERNEL_CHANGES = {
    "unknown key": lambda text: text.replace('"endpoint":0', '"endpoint":0,"odd":1', 1),
    "duplicate key": lambda text: text.replace('"endpoint":0', '"endpoint":0,"endpoint":0', 1),
    "wrong width": lambda text: text.replace('"gas":"0xf4240"', '"gas":"0x0f4240"', 1),
    "number past 2^53": lambda text: text.replace('"endpoint":0', '"endpoint":9007199254740993', 1),
    "no image of that name": lambda text: text.replace('"genesis":"@', '"genesis":"@no_', 1),
}


@pytest.mark.parametrize("change", KERNEL_CHANGES, ids=str)
def test_what_is_no_kernel_vector_is_named(change, tmp_path):
    path = tmp_path / "bad.json"
    path.write_text(KERNEL_CHANGES[change](KEEPS.read_text()))
    assert path.read_text() != KEEPS.read_text()
    done = assay("replay", path, "-e", "ref")
    assert done.returncode == exit_code.BAD_INPUT, said(done)
    assert "at byte" in said(done) and "pass, 0 wrong" in said(done)


@pytest.mark.parametrize("level", ["kernel", "codec"])
def test_random_kernel_work_is_repeatable(level):
    arguments = ("random", "--level", level, "--count", "60", "--seed", "4", "--vote-every", "3", "--json")
    first, again = (json.loads(assay(*arguments).stdout) for _ in range(2))
    assert first == again and first["sequences"] == 60 and first["voted"] == 20
    assert first["divergences"] == 0 and len(first["ends"]) >= 3


def test_random_kernel_work_finds_a_planted_fault(tmp_path):
    fault = faults.named("quota_charged_twice")
    engine = saboteurs.build(fault, tmp_path)
    done = assay("random", "--level", "kernel", "-e", "fast", "-e", engine.option, "--count", "200", "--seed", "1")
    assert done.returncode == exit_code.DIFFERED and "differ in" in done.stderr


def test_bench_of_chains_agrees_and_says_what_a_root_costs():
    done = assay("bench", "--chains", "--rounds", "7", "--json", timeout=300)
    assert done.returncode == 0, said(done)
    rows = json.loads(done.stdout)["rows"]
    assert [row["row"] for row in rows] == ["small", "small, root each", "10 MiB", "root"]
    assert all(value > 0 for row in rows for name, value in row.items() if name != "row")
