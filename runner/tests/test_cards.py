"""`./assay diff` and the cards of a replay, for any pair of engines and both levels."""

import json
import shlex
import sys
from pathlib import Path

import pytest
from command import assay

from assay.base import exit_code, paths
from assay.check import faults, saboteurs
from assay.engines import catalog
from assay.engines.catalog import Target
from assay.locate.card import LINES_MAX
from assay.locate.locate import Question, locate
from assay.replay.replay import replay
from assay.suite import collection

SERVER = paths.ROOT / "runner" / "tests" / "model_server.py"
EXTENDS = "vectors/isa/sign_extend_16.json::isa/sign_extend_16/of_bit_15"
MINTS = "vectors/host/mint_data.json::host/mint_data/mints_whole_with_plenty"
DIVIDES = "vectors/isa/div_u_64.json::isa/div_u_64/zero_and_one"


def served(library: Path | None) -> str:
    return "mine=cmd:" + shlex.join([str(paths.native()), "serve", "--engine", str(library)])


@pytest.fixture(scope="module")
def extends(tmp_path_factory: pytest.TempPathFactory) -> Target:
    return saboteurs.build(faults.named("sign_extension_from_the_wrong_bit"), tmp_path_factory.mktemp("machine"))


@pytest.fixture(scope="module")
def charges(tmp_path_factory: pytest.TempPathFactory) -> Target:
    return saboteurs.build(faults.named("quota_charged_twice"), tmp_path_factory.mktemp("kernel"))


def card_of(case: str, *engines: str) -> str:
    done = assay("diff", case, *(word for engine in engines for word in ("-e", engine)))
    assert done.returncode == exit_code.DIFFERED, done.stdout + done.stderr
    assert done.stdout.startswith("DIVERGED") and len(done.stdout.splitlines()) <= LINES_MAX
    return done.stdout


@pytest.mark.parametrize("expected", ["model", "ref", "fast"])
@pytest.mark.parametrize("is_piped", [False, True], ids=["object", "program"])
def test_a_wrong_instruction(expected: str, is_piped: bool, extends: Target) -> None:
    card = card_of(EXTENDS, expected, served(extends.path) if is_piped else extends.option)
    assert "L0 instruction" in card and "isa/sign_extend_16" in card and "> 0000" in card
    assert "0xffffffffffff8000" in card and f"{expected} agrees" in card


@pytest.mark.parametrize("expected", ["model", "ref", "fast"])
@pytest.mark.parametrize("is_piped", [False, True], ids=["object", "program"])
def test_a_wrong_kernel_event(expected: str, is_piped: bool, charges: Target) -> None:
    card = card_of(MINTS, expected, served(charges.path) if is_piped else charges.option)
    assert "L2 kernel event" in card and "quota 5" in card and "operation mint_data" in card
    assert ("host/quota" in card) == (expected == "model")


def test_both_sides_may_be_programs(extends: Target) -> None:
    ref = "right=cmd:" + shlex.join([str(paths.native()), "serve", "--engine", str(paths.library("ref"))])
    assert "isa/sign_extend_16" in card_of(EXTENDS, ref, served(extends.path))


def test_the_card_repeats_itself(extends: Target) -> None:
    card = card_of(EXTENDS, "ref", extends.option)
    repro = shlex.split(card.splitlines()[-1].split("repro", 1)[1])
    assert repro[:2] == ["./assay", "diff"] and assay(*repro[1:]).stdout == card


def test_a_divergence_for_machines(extends: Target) -> None:
    found = json.loads(assay("diff", EXTENDS, "-e", "model", "-e", extends.option, "--json").stdout)
    assert found["divergence"]["level"] == "L0" and found["divergence"]["rule"] == "isa/sign_extend_16"
    assert found["divergence"]["pc"] == "0x0" and found["divergence"]["flavours"] == ["production", "observed"]
    agreed = json.loads(assay("diff", EXTENDS, "--json").stdout)
    assert agreed["divergence"] is None


@pytest.mark.parametrize("fault, said", [("dies_on_div_u_64", "engine died"), ("hangs_on_div_u_64", "engine hung")])
def test_where_a_program_breaks(fault: str, said: str) -> None:
    spec = f"mine=cmd:{shlex.join([sys.executable, str(SERVER), '--fault', fault])}"
    done = assay("replay", DIVIDES, "-e", spec, "--no-sandbox", "--timeout", "4")
    assert done.returncode == exit_code.BROKEN and said in done.stdout
    assert "it breaks in this instruction" in " ".join(done.stdout.split()) and "rule      isa/div_u_64" in done.stdout


def test_production_code_alone_is_cut_open_by_gas() -> None:
    spec = f"mine=cmd:{shlex.join([sys.executable, str(SERVER), '--fault', 'production_differs'])}"
    done = assay("replay", "vectors/isa/add_imm_64.json", "-e", spec, "--no-sandbox", "--cards", "1")
    assert done.returncode == exit_code.DIFFERED and "L1 block, production only" in done.stdout
    assert "isa/add_imm_64" in done.stdout and "bisecting the gas" in done.stdout


def test_a_crash_of_a_shared_object_costs_one_case(tmp_path: Path) -> None:
    right = "ref_number_extend_32(a / b)"
    fault = faults.Fault("crash", "ref", "machine/alu_divide.c", right, f"*(volatile int *)8 + {right}", "")
    engine = saboteurs.build(fault, tmp_path)
    done = assay("replay", "vectors/isa/div_u_32.json", "-e", engine.option, "--cards", "2")
    assert done.returncode == exit_code.BROKEN and "engine died" in done.stdout, done.stdout + done.stderr


def test_a_case_too_long_for_the_specification_is_shown_against_another_engine(charges: Target) -> None:
    done = assay("replay", "vectors/programs/ledger.json", "-e", charges.option, "--cards", "1")
    assert done.returncode == exit_code.DIFFERED and "L2 kernel event" in done.stdout, done.stdout + done.stderr


def test_every_failure_has_its_card(tmp_path: Path) -> None:
    """Many at once, in one process of the harness."""
    engine = saboteurs.build(faults.named("gas_left_when_a_block_cannot_be_paid"), tmp_path)
    vectors = collection.read([paths.VECTORS / "exit", paths.VECTORS / "gas"])
    failed = {verdict.case for verdict in replay(vectors, engine, jobs=2) if not verdict.passed}
    questions = [Question(entry) for entry in vectors.entries if entry.id in failed]
    found = locate(catalog.parse(catalog.MODEL), engine, questions)
    assert len(found) >= 500 and all(one is not None and "out_of_gas" in one.cause.rule for one in found)


@pytest.mark.parametrize("level", ["machine", "kernel", "codec"])
def test_random_takes_programs(level: str) -> None:
    right, other = served(paths.library("ref")), served(paths.library("fast")).replace("mine", "other", 1)
    arguments = ("--count", "60", "--seed", "5", "--vote-every", "20", "--json")
    done = assay("random", "--level", level, "-e", right, "-e", other, *arguments)
    assert done.returncode == exit_code.AGREED, done.stdout + done.stderr
    found = json.loads(done.stdout)
    assert found["divergences"] == 0 and found["voted"] == 3
