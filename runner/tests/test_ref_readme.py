"""The README of ref says in which order it is read and how long it is: both are checked against the files."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from assay.base import paths

REF = paths.ROOT / "ref"
README = (REF / "README.md").read_text()
ROW = re.compile(r"^\| \d+ \| `(\w+)/(\w+)\.c` \|", re.M)
SIZE = re.compile(r"^\| `(\w+)/` \| ([\d,]+) \|", re.M)
CALLED = re.compile(r"\bref_(\w+)\(")
COMMENT = re.compile(r"/\*.*?\*/", re.S)
ORDER: list[tuple[str, str]] = ROW.findall(README)


def test_every_file_stands_once_in_the_order_of_reading() -> None:
    files = {(path.parent.name, path.stem) for path in REF.glob("*/*.c")}
    assert files and sorted(ORDER) == sorted(files)


def test_no_file_calls_one_that_is_read_later() -> None:
    read: list[str] = []
    seen = 0
    for room, name in ORDER:
        read.append(name)
        code = COMMENT.sub("", (REF / room / f"{name}.c").read_text())
        for called in CALLED.findall(code):
            if not called.startswith("op_"):
                assert home_of(called) in read, f"{name}.c calls ref_{called}"
                seen += 1
    assert seen > 100


def home_of(function: str) -> str:
    """The file that a function's name says it stands in."""
    homes = [name for _, name in ORDER if function.startswith(f"{name}_")]
    assert homes, f"ref_{function} has the name of no file"
    return max(homes, key=len)


def test_functions_stand_where_their_names_say() -> None:
    for room, name in ORDER:
        text = (REF / room / f"{name}.c").read_text()
        for function in re.findall(r"^[\w *]*?\bref_(\w+)\([^;]*?\)\n\{", text, re.M):
            assert function.startswith("op_") or home_of(function) == name, f"ref_{function} stands in {name}.c"


def test_sizes_are_true_to_a_tenth() -> None:
    sizes = dict(SIZE.findall(README))
    assert sorted(sizes) == ["kernel", "machine"]
    for room, said in sizes.items():
        lines = sum(path.read_text().count("\n") for path in (REF / room).glob("*.[ch]"))
        assert abs(lines - int(said.replace(",", ""))) <= lines / 10, f"{room} has {lines} lines"


INSTRUCTION = {"isa.def": "INSN( nod, 250, no_args, NEXT )", "gas.def": "GAS( nod, PLAIN, 1, FIXED, 1, 1, NONE, NONE )"}
OPERATION = {"kernel.def": "OP( nod, 60 )"}


@pytest.mark.parametrize(
    "room, records, function", [("machine", INSTRUCTION, "ref_op_nod"), ("kernel", OPERATION, "op_nod")]
)
def test_a_record_without_its_function_does_not_build(
    room: str, records: dict[str, str], function: str, tmp_path: Path
) -> None:
    for folder in ("machine", "kernel"):
        shutil.copytree(paths.ROOT / "spec" / folder, tmp_path / folder)
    assert build(room, tmp_path) == ""
    for name, record in records.items():
        table = tmp_path / room / name
        kind = record.split()[0]
        table.write_text(table.read_text().replace(f"\n{kind} ", f"\n{record}\n{kind} ", 1))
    assert re.search(rf"\b{function}\b", build(room, tmp_path))


def build(room: str, spec: Path) -> str:
    """What the compiler says against the files of a room: the machine is linked, the kernel compiled."""
    includes = [f"-I{folder}" for folder in (paths.ROOT / "include", spec, REF)]
    files = REF.glob("machine/*.c") if room == "machine" else [REF / "kernel" / "host.c"]
    kind = "-shared" if room == "machine" else "-c"
    argv = ["gcc", "-std=c17", "-fPIC", "-Werror", "-Wall", kind, *includes, *map(str, files), "-o", f"{spec}/built"]
    done = subprocess.run(argv, capture_output=True, text=True, check=False)
    assert (done.returncode != 0) == bool(done.stderr)
    return done.stderr
