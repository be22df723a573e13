"""Where an engine breaks: in each call of the contract, around a wrong record, and in loops without an end."""

import shlex
import subprocess
from pathlib import Path

import card_campaign
import pytest
from test_card_faults import ADD, EVENTS, MODEL, engine, entry

from assay.base import paths
from assay.check import saboteurs
from assay.engines import catalog
from assay.engines.catalog import Target
from assay.locate.card import render
from assay.locate.divergence import Divergence, Unit
from assay.locate.locate import Question, locate
from assay.mutate.workshop import Workshop
from assay.suite.collection import Entry

HOST = Path(__file__).with_name("host")
WRITES = "exit/resume_flow/ecall_with_changed_memory"
RESUMES = "yield/resume/without_scratchpad"
FIBONACCI = "exit/programs/fibonacci_with_its_records"
CALLS = {
    "load": (WRITES, None),
    "run": (WRITES, 0),
    "read": (WRITES, 0),
    "write": (WRITES, 1),
    "resume": (WRITES, 2),
    "unload": (WRITES, None),
    "decode": ("cap/cnode_encodings/size_log_of_17", None),
    "admit": ("image/admit_changed/byte_0_changed", None),
    "hash": ("image/hash_bytes/of_0_bytes", None),
    "world_open": (RESUMES, None),
    "world_run": (RESUMES, 0),
    "world_dump": (RESUMES, 0),
    "world_resume": (RESUMES, 1),
    "world_close": (RESUMES, None),
    "chain_genesis": (EVENTS, None),
    "chain_instance": (EVENTS, None),
    "chain_root": (EVENTS, None),
    "chain_state": (EVENTS, None),
    "chain_apply": (EVENTS, 0),
    "chain_close": (EVENTS, None),
}
HANGS = ("read", "unload", "world_dump")


@pytest.fixture(scope="module")
def breaking(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Of ref as it is built, and breaking.c."""
    library = tmp_path_factory.mktemp("breaking") / "libassay_breaking.so"
    objects = [str(unit.object) for unit in Workshop("ref").units]
    argv = ["gcc", "-shared", "-fPIC", "-O1", f"-I{paths.ROOT / 'include'}", str(HOST / "breaking.c")]
    subprocess.run([*argv, *objects, "-o", str(library), *saboteurs.LIBRARIES["ref"]], check=True)
    return library


def file_of(one: Entry) -> Path:
    return paths.ROOT / one.file


def located(one: Entry, target: Target, timeout: float = catalog.TIMEOUT) -> Divergence:
    found = locate(MODEL, target, [Question(one, is_broken=True)], timeout)[0]
    assert found is not None
    return found


@pytest.mark.parametrize(("call", "how"), [*((call, "dies") for call in CALLS), *((call, "hangs") for call in HANGS)])
def test_a_break_in_each_call_is_placed(call, how, breaking, monkeypatch):
    monkeypatch.setenv("ASSAY_TEST_BREAKS", f"{call}:{how}")
    identity, step = CALLS[call]
    one = entry(identity)
    found = located(one, catalog.shared_object("breaking", breaking, ""), 1 if how == "hangs" else catalog.TIMEOUT)
    unit = Unit.DIED if how == "dies" else Unit.HUNG
    assert (found.cause.unit, found.cause.during, found.cause.step) == (unit, call, step)
    place = render(found).splitlines()[1]
    assert f"step {step}" in place if step is not None else call in place
    if how == "hangs":
        return  # the judge takes long to be sure
    truth = card_campaign.judged(str(breaking), {identity: file_of(one)})[identity]
    assert card_campaign.compared(found, truth) == "exact"


def test_what_breaks_at_the_end_is_not_the_next_cases_fault(breaking, monkeypatch):
    """A replay says which case it was, too."""
    monkeypatch.setenv("ASSAY_TEST_BREAKS", "unload:dies")
    command = shlex.join([str(paths.native()), "serve", "--framed", "--ends", "--engine", str(breaking)])
    argv = [
        str(paths.native()),
        "replay",
        "--engine",
        f"mine=cmd:{command}",
        str(paths.VECTORS / "isa" / "add_64.json"),
    ]
    done = subprocess.run(argv, capture_output=True, text=True, check=False)
    first = next(line for line in done.stdout.splitlines() if '"verdict"' in line)
    assert '"verdict": "broken"' in first and "during unload" in first


def test_a_wrong_record_comes_before_the_death_that_it_leads_to():
    found = located(entry(FIBONACCI), engine("add_64_is_wrong,branch_ne_imm_dies"))
    assert (found.cause.unit, found.cause.record, found.cause.rule) == (Unit.INSTRUCTION, 4, "isa/add_64")


def test_a_death_comes_before_what_would_be_wrong_later():
    found = located(entry(FIBONACCI), engine("add_64_dies,move_reg_is_wrong"))
    assert (found.cause.unit, found.cause.record, found.cause.rule) == (Unit.DIED, 4, "isa/add_64")


def test_a_loop_without_an_end_is_shown_where_it_passes_the_end():
    """It hangs, but in the guest: the first record too many is what is wrong."""
    found = locate(MODEL, engine("branch_ne_imm_always_goes,gas_is_not_counted"), [Question(entry(FIBONACCI))], 4.0)[0]
    assert found is not None
    assert found.cause.unit in (Unit.INSTRUCTION, Unit.BLOCK) and found.cause.record is not None


def test_memory_that_cannot_be_read_does_not_hide_a_wrong_instruction():
    found = located(entry(ADD), engine("add_64_is_wrong,read_dies"))
    assert (found.cause.unit, found.cause.record, found.cause.rule) == (Unit.INSTRUCTION, 0, "isa/add_64")


@pytest.mark.parametrize("features", ["", "blocks"])
def test_an_engine_that_counts_no_instructions_dies_in_a_block(features):
    found = located(entry(FIBONACCI), engine("branch_ne_imm_dies", "--features", features))
    assert (found.cause.unit, found.cause.step, found.cause.during) == (Unit.DIED, 0, "run")
    assert found.cause.rule == "" and "instruction" not in render(found).splitlines()[1]


def test_an_engine_without_records_and_without_gas_is_not_shown_an_instruction():
    found = located(entry(FIBONACCI), engine("gas_is_not_counted", "--features", ""))
    text = render(found)
    assert found.cause.unit == Unit.PRODUCTION_BLOCK and "gives no records" in text
    assert (found.cause.record, found.cause.pc) == (0, 0)
    assert [field.name for field in found.cause.fields] == ["gas"] and found.cause.rule.startswith("gas/")
