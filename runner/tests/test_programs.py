"""The guest programs: known answers inside the guest, results of their native twins, chains."""

import json
import re
import subprocess
import sys

import pytest

from assay.base import paths
from assay.engines import catalog
from assay.guests import programs, transfers, vectors
from assay.replay.replay import replay
from assay.suite import collection

OURS = catalog.available(catalog.OURS)
NAMES = [guest.name for guest in programs.GUESTS]


@pytest.fixture(scope="module")
def twins(tmp_path_factory):
    folder = tmp_path_factory.mktemp("twins")
    return {name: programs.twin(name, folder) for name in NAMES}


@pytest.fixture(scope="module")
def opened():
    found = {name: catalog.parse(name).open(120.0) for name in OURS}
    yield found
    for engine in found.values():
        engine.close()


def result_of(engine, world, run):
    """What a run halts with, and its gas."""
    engine.world_open(world)
    called = engine.world_run(run.instance, run.image, run.cnode, run.endpoint, run.gas)
    assert called.outcome == "halt", called
    return called.result.regs[7], called.result.gas_used


@pytest.mark.parametrize("name", NAMES)
def test_known_answers_hold_in_the_guest_and_in_its_twin(name, twins, opened):
    assert programs.twin_result(twins[name], 1, 0, 0) == 0
    found = {result_of(engine, *programs.run_of(name, 1, 0, 0)) for engine in opened.values()}
    assert len(found) == 1 and found.pop()[0] == 0


@pytest.mark.parametrize("guest", programs.GUESTS, ids=lambda guest: guest.name)
def test_results_are_those_of_the_twin(guest, twins, opened):
    for call in (*guest.calls, guest.bench):
        expected = programs.twin_result(twins[guest.name], 0, call.test, call.iterations)
        world, run = programs.run_of(guest.name, 0, call.test, call.iterations)
        found = {result_of(engine, world, run) for engine in opened.values()}
        assert len(found) == 1 and found.pop()[0] == expected


def test_vectors_hold_what_the_twins_say(twins):
    seen = 0
    for guest in programs.GUESTS:
        text = json.loads((paths.VECTORS / vectors.FOLDER / f"{guest.name}.json").read_text())
        for call, case in zip(guest.calls, text["cases"], strict=True):
            expected = programs.twin_result(twins[guest.name], 0, call.test, call.iterations)
            assert int(case["steps"][0]["result"]["regs"].get("r7", "0x0"), 16) == expected
            seen += 1
    assert seen >= 30 - 3


def test_linking_is_deterministic(tmp_path):
    for name in ("interpreter", "ledger"):
        assert programs.link(name, tmp_path) == programs.image(name)


def roots(engine, events, every):
    assert engine.chain_genesis(programs.image("ledger")) == "admitted"
    found = []
    for number, event in enumerate(vectors.rich(events)):
        result = engine.chain_apply(event.endpoint, event.payload, event.gas, event.quota).result
        assert result.outcome == ("halt" if event.ends == "halt" else "faulted"), f"event {number}: {result}"
        if "value" in event.known:
            assert result.value == event.known["value"], f"event {number}"
        if number % every == 0:
            found.append(engine.chain_root())
    return found


def test_the_ledger_keeps_balances_from_event_to_event(opened):
    events = transfers.events(40, seed=3)
    found = [roots(engine, events, 10) for engine in opened.values()]
    assert all(one == found[0] for one in found) and len(set(found[0])) > 4


def test_a_tampered_transfer_leaves_no_trace(opened):
    events = transfers.events(12, seed=4, tampered=5)
    assert events[6].ends == "trap"
    for engine in opened.values():
        roots(engine, events, 4)


def test_the_first_wrong_event_of_a_tampered_vector_is_named(tmp_path):
    text = (paths.VECTORS / vectors.FOLDER / "ledger.json").read_text()
    line = next(line for line in text.splitlines() if line.startswith('{"id"'))
    case = json.loads(line.rstrip(","))
    payload = case["events"][2]["payload"]
    case["events"][2]["payload"] = payload[:-2] + f"{int(payload[-2:], 16) ^ 1:02x}"
    path = tmp_path / "ledger.json"
    path.write_text(text.replace(line.rstrip(","), json.dumps(case, separators=(",", ":"))))
    selected = collection.read([f"{path}::{case['id']}"])
    for name in OURS:
        (verdict,) = replay(selected, catalog.parse(name))
        fields = [(entry.field, entry.expected, entry.got) for entry in verdict.differences]
        assert verdict.step == 2 and ("outcome", "halt", "faulted") in fields


def test_the_first_guest_of_the_readme(tmp_path):
    """The ten lines are run as they stand."""
    text = (paths.ROOT / "guest" / "README.md").read_text()
    script = re.search(r"## Your first guest\n\n```\n(.*?)```", text, re.S)[1]
    tool = tmp_path / "assay"
    tool.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m assay "$@"\n')
    tool.chmod(0o755)
    done = subprocess.run(["sh", "-e", "-c", script], cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert re.search(r"0\s+halt\s+0x5\s+gas\s+\d+\s+root [0-9a-f]{64}", done.stdout), done.stdout
    assert len(script.splitlines()) <= 12


def test_bench_of_guests_agrees_with_every_twin():
    argv = [sys.executable, "-m", "assay", "bench", "--guests", "--rounds", "7", "--json"]
    done = subprocess.run(argv, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    rows = json.loads(done.stdout)["rows"]
    assert [row["guest"] for row in rows] == [name for name in NAMES if name != "hostcalls"]
    assert all(row["executed"] > 100_000 and row["to_native"] > 0 for row in rows)
