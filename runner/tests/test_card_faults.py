"""Cards that are never wrong: hard cases one by one, and mutants of the reference against a judge of its own."""

import json
import random
import re
import shlex
import subprocess
import sys
import time
from pathlib import Path

import card_campaign
import pytest

from assay.base import paths
from assay.base.level import Flavour
from assay.engines import catalog
from assay.engines.catalog import Kind, Target
from assay.locate.card import render
from assay.locate.divergence import Cause, Divergence, Field, Unit
from assay.locate.locate import Question, locate
from assay.mutate import campaign
from assay.mutate.workshop import Workshop
from assay.suite import collection
from assay.suite.collection import Entry

ENGINE = Path(__file__).with_name("card_engine.py")
MODEL = catalog.parse(catalog.MODEL)
RESUME = "exit/resume_flow/ecall_with_nothing_given"
EVENTS = "chain/next_event/copies_its_initial_slot_in_the_third"
ADD = "isa/add_64/minus_one_and_one"


def engine(fault: str, *arguments: str) -> Target:
    """Outside the cage: it is made of the project's own files, which a stranger never sees."""
    argv = (sys.executable, str(ENGINE), fault, *arguments)
    command = shlex.join(argv)
    return Target("mine", Kind.PROCESS, MODEL.harness, argv=argv, command=command, option=f"mine=cmd:{command}")


def entry(identity: str) -> Entry:
    area, subject, _ = identity.split("/")
    found = collection.read([paths.VECTORS / area / f"{subject}.json"]).entries
    return next(one for one in found if one.id == identity)


def card(identity: str, target: Target, has_failed: bool = False) -> Divergence:
    found = locate(MODEL, target, [Question(entry(identity), has_failed=has_failed)])[0]
    assert found is not None
    return found


@pytest.mark.parametrize("fault", ["second_kernel_step_dies", "second_kernel_step_is_refused"])
@pytest.mark.parametrize("identity", [EVENTS, "yield/resume/without_scratchpad"])
def test_a_failure_in_a_later_kernel_step_says_the_step_and_has_the_vote_of_the_model(fault, identity):
    found = card(identity, engine(fault))
    assert found.cause.step == 1 and found.cause.unit.is_broken
    text = render(found)
    assert "first at  step 1" in text and "model agrees" in text and "mine differs" in text


def test_an_engine_that_gives_records_only_with_until_is_what_is_wrong():
    found = card(ADD, engine("no_records_without_until"), has_failed=True)
    assert (found.cause.unit, found.cause.step, found.cause.record) == (Unit.INSTRUCTION, 0, 0)
    assert found.cause.flavours == {Flavour.OBSERVED}


def test_a_blob_that_is_admitted_and_must_not_be():
    found = card("blob/entry_size/size_005_with_table", engine("admits_everything"))
    assert (found.cause.unit, found.cause.pc, found.cause.rule) == (Unit.LOAD, None, "blob/entry_size")


@pytest.mark.parametrize("expected", ["model", "ref"])
def test_a_write_of_the_host_that_is_lost(expected):
    target = engine("writes_are_lost")
    found = locate(catalog.parse(expected), target, [Question(entry("exit/resume_flow/ecall_with_changed_memory"))])[0]
    assert found is not None and found.cause.unit == Unit.END and found.cause.pc is None
    assert [field.name for field in found.cause.fields] != [] and found.cause.fields[0].name.startswith("memory ")


def test_a_malformed_record_is_garbage_at_its_instruction():
    found = card("mem/little_endian/u8_stored_and_u8_loaded", engine("store_records_are_malformed"))
    assert found.cause.unit == Unit.GARBAGE and found.cause.record == 0 and found.cause.pc == 0
    assert "agrees; found" not in render(found)


def test_a_death_inside_a_resume_is_placed():
    found = card(RESUME, engine("add_64_dies"))
    cause = found.cause
    assert (cause.unit, cause.step, cause.record, cause.pc) == (Unit.DIED, 1, 0, 4)
    assert cause.rule == "isa/add_64" and cause.agreed is not None and cause.agreed.gas is not None


def test_an_answer_that_does_not_repeat_is_unsteady():
    found = card(ADD, engine("answers_in_turn"))
    assert found.cause.unit == Unit.UNSTEADY and found.cause.rule == ""


def test_a_failure_that_is_gone_is_unsteady_and_not_the_vectors_fault(tmp_path, monkeypatch):
    once = tmp_path / "once"
    monkeypatch.setenv("ASSAY_TEST_ONCE", str(once))
    once.touch()  # the replay has had it
    found = card(ADD, engine("fails_once"), has_failed=True)
    assert found.cause.unit == Unit.UNSTEADY and "a replay saw it fail" in render(found)


def test_production_of_the_kernel_is_asked_too():
    found = card(EVENTS, engine("kernel_production_differs"))
    assert found.cause.flavours == {Flavour.PRODUCTION}
    assert [field.name for field in found.cause.fields] == ["gas_used"]


def test_an_engine_without_records_is_shown_its_case_and_what_was_not_seen():
    found = card(ADD, engine("add_64_is_wrong", "--features", ""))
    whole = card(ADD, engine("add_64_is_wrong"))
    text = render(found)
    assert "gives no records" in text and "observed it agrees" not in text
    register = whole.cause.fields[0]
    shown = next(field for field in found.cause.fields if field.name == register.name)
    assert (shown.expected, shown.got) == (register.expected, register.got)
    assert found.cause.rule == whole.cause.rule == "isa/add_64"


def test_a_long_id_leaves_the_engine_and_the_level_visible():
    cause = Cause(Unit.EVENT, (Field("r7", "0x1", "0x2"),), "host/save", 0, 3)
    text = render(Divergence("chain/" + "long_" * 60 + "end", "third_party", cause), 80)
    head = text.splitlines()[0]
    assert len(head) <= 80 and "  on third_party" in head and "kernel event" in head
    assert head.startswith("DIVERGED  chain/long") and "long_end  on" in head


def test_what_a_card_says_to_run_can_be_pasted(tmp_path):
    folder = tmp_path / "a folder; with 'signs' & $more"
    folder.mkdir()
    source = folder / "add 64.json"
    source.write_bytes((paths.VECTORS / "isa" / "add_64.json").read_bytes())
    option = f"mine=cmd:{shlex.join([sys.executable, str(ENGINE), 'add_64_is_wrong'])}"
    argv = [str(paths.ROOT / "assay"), "replay", str(source), "-e", option, "--no-sandbox"]
    done = subprocess.run(argv, capture_output=True, text=True, check=False, cwd=paths.ROOT)
    repro = next(line for line in done.stdout.splitlines() if line.startswith("  repro"))
    words = shlex.split(repro.removeprefix("  repro"))
    assert words[:2] == ["./assay", "replay"] and words[3:5] == ["-e", option]
    again = subprocess.run(repro.removeprefix("  repro"), shell=True, capture_output=True, check=False, cwd=paths.ROOT)
    assert again.returncode == done.returncode == 1


# ---- signatures


def signature_of(cause: Cause) -> str:
    return Divergence("a/b/c", "mine", cause).signature


def test_one_bug_at_several_cases_has_one_signature():
    target = engine("add_64_is_wrong")
    found = collection.read([paths.VECTORS / "isa" / "add_64.json"]).entries[:6]
    cards = [one for one in locate(MODEL, target, [Question(one) for one in found]) if one is not None]
    assert len(cards) >= 3 and len({one.signature for one in cards}) == 1


def test_no_value_of_a_case_is_in_a_signature():
    one = Cause(Unit.EVENT, (Field("slot 3", "empty", "12"),), "host/overwrite", 0, 1, operation="operation copy")
    other = Cause(Unit.EVENT, (Field("slot 9", "77", "empty"),), "host/overwrite", 2, 5, operation="operation copy")
    assert signature_of(one) == signature_of(other)


def test_two_operations_under_one_rule_have_two_signatures():
    causes = [
        Cause(Unit.EVENT, (Field("slot 3", "a", "b"),), "host/overwrite", 0, 1, operation=f"operation {name}")
        for name in ("copy", "move")
    ]
    assert len({signature_of(cause) for cause in causes}) == 2


# ---- against the judge


def test_the_judge_imports_nothing_of_the_runner():
    text = card_campaign.JUDGE.read_text("utf-8")
    modules = re.findall(r"^\s*(?:from|import) ([a-z_.]+)", text, re.MULTILINE)
    assert modules and not [name for name in modules if name.split(".")[0] in ("assay", "model", "linker")]


def test_a_loop_that_wanted_gas_is_not_played_for_hours(tmp_path):
    """The engine charges too much and runs out where the specification goes on, in a loop."""
    mutants = campaign.mutants_of("ref", "ref/machine/gas.c")
    floor = [one for one in mutants if str(one).endswith(": arithmetic: +  becomes  -")][-1]  # of what a block costs
    built = Workshop("ref").build(floor, tmp_path)
    looping = entry("isa/static_targets/branch_ge_u_backward_to_a_block")
    started = time.monotonic()
    (found,) = locate(MODEL, catalog.parse(f"mutant={built.engine}"), [Question(looping)])
    assert found is not None and found.cause.unit == Unit.BLOCK
    assert time.monotonic() - started < 60


@pytest.mark.parametrize(
    ("steady", "verdict"),
    [(True, "nearby"), (False, "unsteady")],
)
def test_unsteady_is_believed_only_where_the_judge_finds_it_too(steady, verdict):
    found = Divergence("a/b/c", "mine", Cause(Unit.UNSTEADY, (), step=0))
    first = card_campaign.compared(found, {"kind": "instruction", "step": 0, "index": 0})
    assert first == "nearby"
    assert card_campaign.compared_again(found, first, {"steady": steady, "answers": []}) == verdict


@pytest.mark.parametrize("keyword", ["ref/machine/alu_reg", "ref/machine/flow", "ref/kernel/host", "ref/kernel/call"])
def test_cards_of_mutants_say_what_the_judge_says(keyword):
    mutants = campaign.sample(campaign.mutants_of("ref", keyword), 3, 5)
    files = sorted(file for file in paths.VECTORS.rglob("*.json") if file.parent.name != "programs")
    workshop, lines = Workshop("ref"), []
    for mutant in mutants:
        lines += [json.loads(text) for text in card_campaign.cards_of(mutant, workshop, files, 3, random.Random(1))]
    assert lines and [line for line in lines if line["verdict"] != "exact"] == []
