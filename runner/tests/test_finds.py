"""The store of finds: nothing is lost, whoever is killed; and a find becomes a vector."""

import json
import os
import signal
import subprocess
import sys
import time
from datetime import UTC, datetime

import pytest

from assay.base import paths
from assay.base.trouble import BadInput, NoOutput
from assay.finds import keep
from assay.finds.store import Find, Store
from assay.suite import collection, given

ADD = paths.VECTORS / "isa" / "add_64.json"
KERNEL = paths.VECTORS / "host" / "mint_data.json"
EARLY, LATE = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC), datetime(2026, 2, 3, 4, 5, 6, tzinfo=UTC)


def case_text(path, place=0):
    entry = collection.read([path]).entries[place]
    case = entry.kernel() if entry.is_kernel else entry.machine()
    return given.text_of({entry.id: case}, given.depth_of(case))


@pytest.fixture(scope="module")
def add_text():
    return case_text(ADD)


def find(signature, text, **more):
    return Find(signature, text, "DIVERGED a card\n  rule      isa/add_64", "mine", **more)


def test_a_find_is_kept_with_its_count_and_its_times(tmp_path, add_text):
    store = Store(tmp_path / "finds")
    assert store.all() == []
    first = store.add(find("9c41abcd", add_text), b"one input", EARLY)
    assert first.is_new and first.count == 1
    again = store.add(find("9c41abcd", add_text), b"another input", LATE)
    assert not again.is_new and (again.count, again.first, again.last) == (
        2,
        "2026-01-02T03:04:05Z",
        "2026-02-03T04:05:06Z",
    )
    assert store.add(find("9c41abcd", add_text), b"one input", LATE).count == 2
    assert [kept.find.signature for kept in store.all()] == ["9c41abcd"]
    assert store.get("9c41abcd").find.card.startswith("DIVERGED")


def test_a_smaller_case_that_repeats_takes_the_place_of_a_larger_one(tmp_path, add_text):
    store = Store(tmp_path)
    store.add(find("s1", add_text, size=9, is_flaky=True), b"1")
    assert store.get("s1").find.is_flaky
    store.add(find("s1", add_text, size=20), b"2")
    assert not store.get("s1").find.is_flaky and store.get("s1").find.size == 20
    store.add(find("s1", add_text, size=3, is_minimal=True), b"3")
    store.add(find("s1", add_text, size=2, is_flaky=True), b"4")
    kept = store.get("s1")
    assert (kept.find.size, kept.find.is_flaky, kept.find.is_minimal, kept.count) == (3, False, True, 4)


@pytest.mark.parametrize("name", ["", "..", "a/b", ".hidden", "a b", "x" * 81])
def test_a_signature_is_the_name_of_a_folder_and_nothing_else(tmp_path, name, add_text):
    with pytest.raises(BadInput, match="cannot name a find"):
        Store(tmp_path).add(find(name, add_text), b"")


def test_what_is_not_there_is_said_with_what_is(tmp_path, add_text):
    store = Store(tmp_path)
    store.add(find("s1", add_text), b"")
    with pytest.raises(BadInput, match=r"no find s2; it has s1"):
        store.get("s2")


def test_a_folder_that_cannot_be_written_is_one_message(tmp_path, add_text):
    (tmp_path / "finds").write_text("a file")
    with pytest.raises(NoOutput, match="cannot be written"):
        Store(tmp_path / "finds").add(find("s1", add_text), b"")


WRITER = """
import sys
from pathlib import Path
from assay.finds.store import Find, Store
store, text = Store(Path(sys.argv[1])), sys.stdin.read()
for n in range(int(sys.argv[2]), 100000):
    store.add(Find(f"s{n % 7}", text, f"card {n}", "mine", size=100000 - n), str(n).encode())
    print(n, flush=True)
"""


def test_nothing_is_lost_whenever_the_writer_is_killed(tmp_path, add_text):
    done = 0
    for wait in (0.05, 0.02, 0.11, 0.03, 0.07):
        argv = [sys.executable, "-c", WRITER, str(tmp_path), str(done)]
        environment = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}
        process = subprocess.Popen(
            argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=environment, text=True, start_new_session=True
        )
        process.stdin.write(add_text)
        process.stdin.close()
        lines = [process.stdout.readline()]
        time.sleep(wait)
        os.killpg(process.pid, signal.SIGKILL)
        lines += process.stdout.read().splitlines()
        process.wait()
        done = int(lines[-1]) + 1
        kept = Store(tmp_path).all()
        seen = sum(one.count for one in kept)
        assert done <= seen <= done + 1, "each input that was reported is there, once"
        for one in kept:
            json.loads(one.find.case)
            assert one.find.card == f"card {100000 - one.find.size}\n", "card and case are of one find"


# ---- what is kept is a vector


@pytest.fixture
def root(tmp_path):
    (tmp_path / "vectors").mkdir()
    return tmp_path


@pytest.mark.parametrize(("path", "level"), [(ADD, "machine"), (KERNEL, "kernel")])
def test_a_find_becomes_a_vector_with_the_values_of_the_model(path, level, root):
    store = Store(root / "finds")
    store.add(find("9C41", case_text(path)), b"")
    assert keep.keep(store, "9C41", root=root) == f"regress/{level}/found_9c41"
    (entry,) = collection.read([root / "vectors"]).entries
    assert entry.id == f"regress/{level}/found_9c41"
    original = collection.read([path]).entries[0]
    case, wanted = (one.kernel() if one.is_kernel else one.machine() for one in (entry, original))
    assert given.of(case) == given.of(wanted)
    harness = str(paths.native())
    done = subprocess.run(
        [harness, "replay", "--engine", str(paths.library("ref")), entry.file], capture_output=True, check=False
    )
    assert done.returncode == 0, done.stdout
    before = {file: file.read_bytes() for file in root.rglob("regress/*.json")}
    assert len(before) == 2
    keep.keep(store, "9C41", root=root)
    assert {file: file.read_bytes() for file in root.rglob("regress/*.json")} == before


def test_two_finds_are_two_cases_of_one_file(root):
    store = Store(root / "finds")
    for place in (0, 1):
        store.add(find(f"s{place}", case_text(ADD, place)), b"")
        keep.keep(store, f"s{place}", f"sum_{place}", root)
    found = collection.read([root / "vectors"]).entries
    assert [entry.id for entry in found] == ["regress/machine/sum_0", "regress/machine/sum_1"]
    assert json.loads(found[0].text())["rules"] == ["isa/add_64"], "the card names it, the model reaches it"


def test_a_rejected_blob_has_no_steps(root):
    store = Store(root / "finds")
    entry = collection.read([ADD]).entries[0]
    text = given.text_of({entry.id: entry.machine()}, entry.depth).replace(entry.machine().program.blob.hex(), "00")
    store.add(find("s1", text), b"")
    keep.keep(store, "s1", root=root)
    (kept,) = collection.read([root / "vectors"]).entries
    assert "steps" not in json.loads(kept.text())


@pytest.mark.parametrize("name", ["Add", "two words", "_x", "9"])
def test_a_name_is_a_behaviour(name, root, add_text):
    store = Store(root / "finds")
    store.add(find("s1", add_text), b"")
    with pytest.raises(BadInput, match="no behaviour"):
        keep.keep(store, "s1", name, root)
    assert not list(root.rglob("regress/*.json"))
