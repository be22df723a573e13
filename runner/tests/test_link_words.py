"""The command line of `assay cc`: its order is kept, sizes are read, and what makes no Image is refused."""

from pathlib import Path

import pytest
from guest_run import cli, kernel, result

from linker import words

VALUE = "#include <assay/guest.h>\nASSAY_ENDPOINT(0, go) { return VALUE; }\n"


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A folder with headers, a C file and one without an ending, and the working folder."""
    monkeypatch.chdir(tmp_path)
    for place, value in (("one", 1), ("two", 2)):
        (tmp_path / place).mkdir()
        (tmp_path / place / "value.h").write_text(f"#define VALUE {value}\n")
    (tmp_path / "with.c").write_text('#include "value.h"\n' + VALUE)
    (tmp_path / "bare.c").write_text(VALUE)
    (tmp_path / "noending").write_text(VALUE)
    (tmp_path / "part.s").write_text(".globl part\npart: li a0, 40\nret\n")
    (tmp_path / "calls.c").write_text("#include <assay/guest.h>\nuint64_t part(void);\n" + VALUE)
    (tmp_path / "words").write_text("-DVALUE=9 -I one\n")
    return tmp_path


def value(*words):
    assert cli.cc_main([*words, "-o", "guest.image"]) == 0
    return result(Path("guest.image").read_bytes())


@pytest.mark.parametrize(
    "line, expected",
    [
        ("-I one with.c -O3", 1),
        ("-I two -I one with.c", 2),
        ("with.c -Ione -I two", 1),
        ("-include one/value.h bare.c", 1),
        ("bare.c -include two/value.h", 2),
        ("-x c noending -DVALUE=5", 5),
        ("-DVALUE=part()+2 part.s calls.c", 42),
        ("-x c noending -x none part.s -D VALUE=6", 6),
        ("-DVALUE=1 -UVALUE -DVALUE=3 bare.c", 3),
        ("@words bare.c", 9),
        ("-O0 -I one -g -Wall with.c -O2", 1),
    ],
)
def test_the_order_is_kept(folder, line, expected):
    assert value(*line.split()) == expected


def test_a_library_of_objects(folder):
    """Inputs that need no compiler keep their place."""
    found = words.read(["a.c", "b.o", "-lc", "-x", "c", "d", "-Wl,--x", "-mno-relax", "-flto"])
    assert found.link == [words.Source("a.c", "c"), "b.o", "-lc", words.Source("d", "c"), "-Wl,--x", "-flto"]
    assert found.compile == ["-mno-relax", "-flto"] and found.is_lto
    assert not words.read(["-flto", "-fno-lto"]).is_lto


@pytest.mark.parametrize("stack, size", [("0x20000", 0x20000), ("4096", 4096), ("1", 4096), ("0o20000", 8192)])
def test_sizes(folder, stack, size):
    assert value("bare.c", "-DVALUE=1", "--stack", stack, "--heap=0x3000") == 1
    image = kernel.admit((folder / "guest.image").read_bytes())
    assert [m.size for m in image.memory_mappings if m.source in ([65], [68])] == [size, 0x3000]


@pytest.mark.parametrize("option", ["--stack", "--heap"])
@pytest.mark.parametrize("size", ["-1", "lots", "", "1e5", "4k", "0x", "268435457", str(2**64)])
def test_sizes_that_are_none(folder, capsys, option, size):
    with pytest.raises(SystemExit) as left:
        cli.cc_main(["bare.c", "-DVALUE=1", f"{option}={size}", "-o", "guest.image"])
    assert left.value.code == 2
    assert f"argument {option}: {size} is not" in capsys.readouterr().err


def test_there_is_always_a_stack(folder, capsys):
    with pytest.raises(SystemExit):
        cli.cc_main(["bare.c", "-DVALUE=1", "--stack", "0", "-o", "guest.image"])
    assert "0 is not from 1 to 268435456" in capsys.readouterr().err


@pytest.mark.parametrize("option", ["-c", "-S", "-E", "-shared", "-fsyntax-only"])
def test_what_makes_no_image(folder, capsys, option):
    assert cli.cc_main(["bare.c", option, "-o", "guest.image"]) == 3
    assert f"{option} makes no Image" in capsys.readouterr().err


def test_no_file(folder, capsys):
    with pytest.raises(SystemExit) as left:
        cli.cc_main(["-O2", "-o", "guest.image"])
    assert left.value.code == 2 and "there is no FILE.c" in capsys.readouterr().err


def test_a_complaint_names_the_line_in_c(folder, capsys):
    (folder / "wrong.c").write_text(VALUE + '\nvoid f(void) { __asm__("sh1add a0, a0, a0"); }\n')
    assert cli.cc_main(["wrong.c", "-DVALUE=1", "-o", "guest.image"]) == 3
    assert "wrong.c:4" in capsys.readouterr().err
