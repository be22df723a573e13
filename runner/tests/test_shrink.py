"""Failing cases made small: the signature stays, nothing more can be left out, and what does not repeat is kept."""

import json
import random
import shlex
import subprocess
import sys
import time
from pathlib import Path

import pytest
from command import assay

from assay.base import exit_code, paths
from assay.base.level import Depth
from assay.check import defects, saboteurs
from assay.corpus import found
from assay.engines import catalog
from assay.engines.catalog import Kind, Target
from assay.shrink import code, kernel, machine, tree, values, walk
from assay.shrink.judge import Judge
from assay.shrink.search import Search
from assay.shrink.shrink import case_of, shrink, tree_of
from assay.suite import collection, given
from assay.suite.case import read_machine
from model.machine import blob as code_blob

ENGINE = Path(__file__).with_name("card_engine.py")
MODEL = catalog.parse(catalog.MODEL)
LONG = 600.0  # seconds: however busy the machine is
ADD = "isa/add_64/minus_one_and_one"


def engine(fault):
    command = shlex.join((sys.executable, str(ENGINE), fault))
    argv = tuple(shlex.split(command))
    return Target("mine", Kind.PROCESS, MODEL.harness, argv=argv, command=command, option=f"mine=cmd:{command}")


def case(identity):
    area, subject, _ = identity.split("/")
    (entry,) = collection.read([f"{paths.VECTORS / area / subject}.json::{identity}"]).entries
    return entry.kernel() if entry.is_kernel else entry.machine()


@pytest.fixture(scope="module")
def entries():
    return [entry for entry in collection.read([paths.VECTORS]).entries if "programs" not in entry.file]


# ---- trees


def test_a_case_and_its_tree_are_the_same(entries):
    for entry in entries[::7]:
        whole = entry.kernel() if entry.is_kernel else entry.machine()
        again = case_of(tree_of(whole), whole.id)
        assert given.of(again) == given.of(whole), entry.id


def test_a_change_that_is_made_is_another_case_or_no_case(entries):
    chance = random.Random(1)
    for entry in entries[::97]:
        whole = entry.kernel() if entry.is_kernel else entry.machine()
        grown = tree_of(whole)
        edits = list(walk.edits(grown))
        for one in chance.sample(edits, min(20, len(edits))):
            try:
                changed = case_of(tree.apply(grown, one), whole.id)
            except (ValueError, OverflowError):
                continue
            assert given.of(changed) != given.of(whole) or "place" in str(one), (entry.id, one)


def test_jumps_follow_when_code_is_left_out():
    whole = case("exit/programs/memory_copy_short_of_gas")
    grown = tree_of(whole)
    smaller = tree.apply(grown, tree.removal([("code", "items", 0), ("code", "items", 5)]))
    before, after = (code_blob.parse(machine.case_of(one, "a/b/c").program.blob) for one in (grown, smaller))
    assert after.code_len < before.code_len
    targets = [item.target for item in smaller.code.items if item.target is not None]
    places = {item.place for item in smaller.code.items}
    layout = code.Layout(smaller.code)
    for target in targets:
        assert after.start(layout.address(target)) if target in places else True


@pytest.mark.parametrize("value", [1, 2, 255, 2**31, 2**63 - 1, 2**64 - 1, 2**63, 12345678901234567])
def test_numbers_only_get_simpler(value):
    for low in values.smaller_unsigned(value):
        assert value not in values.smaller_unsigned(low)


@pytest.mark.parametrize("border", [1, 77, 4096, 2**31 + 5, 2**63 - 3])
def test_a_border_is_found_in_few_steps(border):
    value, steps = 2**63 - 1, 0
    while lower := [one for one in values.smaller(value) if one >= border]:
        value, steps = lower[0], steps + 1
    assert value == border and steps <= 64


def test_a_search_leaves_only_what_the_test_wants():
    grown = tuple(range(200))
    wanted = {13, 77, 150}
    asked = []

    def test(candidates):
        asked.append(len(candidates))
        return [wanted <= set(one) for one in candidates]

    search = Search(grown, test, [], lambda _: iter(()), time.monotonic() + 30)
    assert set(search.run()) == wanted and search.is_minimal
    assert len(asked) < 60


# ---- on engines that are wrong


def fault(name):
    return next(one for one in defects.saboteurs() if one.name == name)


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    made = {}

    def build(name):
        if name not in made:
            made[name] = saboteurs.build(fault(name), tmp_path_factory.mktemp("fault"))
        return made[name]

    return build


def check_small(shrunk, target, most):
    assert not shrunk.is_flaky and shrunk.is_minimal and shrunk.instructions <= most
    grown = tree_of(shrunk.case)
    judge = Judge(MODEL, target, given.depth_of(shrunk.case), catalog.TIMEOUT)
    edits = list(walk.edits(grown))
    cases = []
    for one in edits:
        try:
            cases.append(case_of(tree.apply(grown, one), shrunk.case.id))
        except (ValueError, OverflowError):
            continue
    assert shrunk.signature not in judge.signatures(cases), "a change of it still fails in the same way"


@pytest.mark.parametrize(
    ("name", "identity", "most"),
    [
        ("32_bit_result_not_extended", "isa/many_registers/add_imm_32", 1),
        ("pinned_check_skipped", "chain/genesis/pinned_slot_is_pinned", 3),
    ],
)
def test_a_failing_vector_gets_small_and_cannot_get_smaller(name, identity, most, built):
    target, whole = built(name), case(identity)
    shrunk = shrink(whole, target, LONG)
    assert Judge(MODEL, target, given.depth_of(whole), LONG).signatures([whole]) == [shrunk.signature]
    assert shrunk.instructions < shrunk.before
    check_small(shrunk, target, most)


def test_a_random_program_gets_small(built):
    target = built("zero_extending_load_of_a_signed_byte")
    argv = [str(paths.native()), "lockstep", "--engine", str(paths.library("ref")), "--engine", str(target.path)]
    done = subprocess.run(
        [*argv, "--seed", "3", "--count", "3000", "--shape", "regular"], capture_output=True, text=True, check=False
    )
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    text = max((json.dumps(line["case"]) for line in lines if line.get("case")), key=len)
    whole = read_machine(json.loads(text))
    shrunk = shrink(whole, target, LONG)
    assert shrunk.before >= 20
    check_small(shrunk, target, 8)


def test_an_engine_that_dies_is_shrunk_too(built):
    target = built("signed_overflow_of_a_division")
    shrunk = shrink(case("isa/div_s_32/min_32_and_minus_one"), target, LONG)
    assert shrunk.is_minimal and shrunk.instructions == 1 and not shrunk.is_flaky
    assert shrunk.divergence.cause.unit.is_broken


def test_what_does_not_repeat_is_kept_as_it_was():
    whole = case(ADD)
    shrunk = shrink(whole, engine("answers_in_turn"))
    assert shrunk.is_flaky and not shrunk.is_minimal
    assert given.of(shrunk.case) == given.of(whole)


def test_a_case_that_fails_otherwise_is_flaky(built):
    shrunk = shrink(case("isa/many_registers/add_imm_32"), built("32_bit_result_not_extended"), signature="00000000")
    assert shrunk.is_flaky


def test_a_case_that_does_not_fail_has_no_divergence():
    shrunk = shrink(case(ADD), catalog.parse("fast"))
    assert shrunk.divergence is None and not shrunk.is_flaky


def test_hashes_follow_what_they_name(entries):
    """An Image of a World that is named by its hash is still found when its code gets smaller."""
    seen = 0
    for entry in entries:
        if not entry.is_kernel or entry.id.split("/")[0] not in ("host", "cap"):
            continue
        grown = tree_of(entry.kernel())
        if not isinstance(grown, kernel.WorldCase) or not isinstance(grown.world, kernel.WorldTree):
            continue
        images = [key for key, payload in grown.world.payloads.items() if isinstance(payload, kernel.ImageTree)]
        for key in images[:1]:
            path = ("world", "payloads", key, "rest", "endpoints")
            changed = kernel.case_of(tree.apply(grown, tree.edit(path, {})), "a/b/c")
            again = kernel.tree_of(changed)
            old = given.of(entry.kernel())
            if str(given.of(changed)) != str(old):
                assert key not in again.world.payloads
                assert all(kernel.H(kernel.encoded(p)) == k for k, p in again.world.payloads.items())
                seen += 1
    assert seen >= 3


# ---- the command


def test_the_command_writes_a_vector_that_fails_again(built, tmp_path):
    target = built("32_bit_result_not_extended")
    library = tmp_path / f"libassay_{fault(target.name).engine}.so"
    library.write_bytes(target.path.read_bytes())
    option, out = f"mine={library}", tmp_path / "small.json"
    source = f"{paths.VECTORS}/isa/many_registers.json::isa/many_registers/add_imm_32"
    done = assay("shrink", source, "-e", option, "--no-sandbox", "--time", str(LONG), "-o", str(out))
    assert done.returncode == exit_code.DIFFERED, done.stderr
    assert "DIVERGED" in done.stdout and "53 -> 1 instructions, minimal" in done.stderr
    repro = next(line for line in done.stdout.splitlines() if line.startswith("  repro"))
    words = shlex.split(repro.removeprefix("  repro"))
    assert words[:2] == ["./assay", "replay"]
    assert assay(*words[1:]).returncode == exit_code.DIFFERED
    assert assay("replay", str(out), "-e", "model", "-e", "ref").returncode == exit_code.AGREED
    (entry,) = collection.read([out]).entries
    assert json.loads(entry.text())["rules"] == ["isa/result_32"] and entry.depth == Depth.MACHINE


def test_the_command_says_when_there_is_nothing_to_shrink(tmp_path):
    source = f"{paths.VECTORS}/isa/add_64.json::{ADD}"
    done = assay("shrink", source, "-e", "fast", "-o", str(tmp_path / "small.json"))
    assert done.returncode == exit_code.NOTHING and "nothing to shrink" in done.stderr
    assert not (tmp_path / "small.json").exists()


def test_the_command_wants_one_case_and_one_engine(tmp_path):
    file = f"{paths.VECTORS}/isa/add_64.json"
    assert "name one as FILE.json::ID" in assay("shrink", file, "-e", "fast").stderr
    assert "one engine" in assay("shrink", f"{file}::{ADD}").stderr
    nowhere = assay("shrink", f"{file}::{ADD}", "-e", "fast", "--time", "0")
    assert nowhere.returncode == exit_code.USAGE


def test_a_small_case_is_whole_for_the_specification():
    text = found.vector_file("small", found.text_of(case(ADD), ["isa/add_64"], "a note"))
    assert json.loads(text)["cases"][0]["id"] == "regress/machine/small"
