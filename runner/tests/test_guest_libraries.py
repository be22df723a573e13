"""Libraries of others as guests, without the network: a package of our own, and what is said when there is none."""

import hashlib
import tarfile
from dataclasses import replace

import pytest
from click.testing import CliRunner

from assay.base import exit_code
from assay.commands import guests
from assay.engines import catalog
from assay.guests import libraries, sources

TEXT = "#include <string.h>\nunsigned long count(const char *text) { return strlen(text) * STEP; }\n"
PROGRAM = """#include "common.h"
unsigned long count(const char *text);
static void one(void)
{
    make_input(100);
    input[input_size] = 0;
    note(count((const char *)input));
    note_bytes(input, input_size);
}
"""


@pytest.fixture
def counted(tmp_path, monkeypatch):
    """A library of one file, its program, and what fetches it."""
    (tmp_path / "count-1.0").mkdir()
    (tmp_path / "count-1.0" / "count.c").write_text(TEXT)
    (tmp_path / "count").mkdir()
    archive = tmp_path / "count" / "count_1.0.orig.tar.xz"
    with tarfile.open(archive, "w:xz") as tar:
        tar.add(tmp_path / "count-1.0", "count-1.0")
    programs = tmp_path / "programs"
    programs.mkdir()
    (programs / "common.h").write_text((libraries.PROGRAMS / "common.h").read_text())
    (programs / "count.c").write_text(PROGRAM)
    monkeypatch.setattr(libraries, "PROGRAMS", programs)
    monkeypatch.setattr(libraries, "cache", lambda: tmp_path)
    sha256 = hashlib.sha256(archive.read_bytes()).hexdigest()
    return libraries.Library("count", "count", archive.name, sha256, ("count.c",), ("-DSTEP=3",))


def test_a_library_is_compared_with_its_native_build(counted):
    ref = [catalog.parse("ref")]
    outcome = libraries.play(counted, 120, ref, ref)
    assert outcome.problems == [] and outcome.inputs == 120 and outcome.few == 10 and outcome.gas > 0
    assert (outcome.archive, outcome.sha256) == (counted.archive, counted.sha256)
    assert "120 inputs (10 on ref, too): equal to the native build" in guests.sentence(outcome)


def test_a_difference_is_found(counted):
    """The guest's side alone counts in steps of another size."""
    text = TEXT.replace("STEP", "3 + (sizeof(long) == 8 && RISCV)")

    def changed(package, cache):
        found = sources.fetch(package, cache)
        head = "#ifdef __riscv\n#define RISCV 1\n#else\n#define RISCV 0\n#endif\n"
        (found.folder / "count.c").write_text(head + text)
        return found

    outcome = libraries.play(counted, 10, [catalog.parse("ref")], fetch=changed)
    assert outcome.inputs == 0 and "inputs 0..9 give 0x" in outcome.problems[0]


def test_what_does_not_build_is_said(counted):
    outcome = libraries.play(replace(counted, options=()), 10, [catalog.parse("ref")])
    assert "it does not build" in outcome.problems[0] and "STEP" in outcome.problems[0]


def test_an_archive_that_is_not_the_known_one_is_not_used(counted):
    outcome = libraries.play(replace(counted, sha256="0" * 64), 10, [catalog.parse("ref")])
    assert "its archive is not the one that is known" in outcome.problems[0] and outcome.inputs == 0
    outcome = libraries.play(replace(counted, archive="count_0.9.orig.tar.xz"), 10, [catalog.parse("ref")])
    assert outcome.not_run == f"{counted.archive} is another version than count_0.9.orig.tar.xz"
    assert all(
        len(library.sha256) == 64 and library.archive.startswith(library.package) for library in libraries.LIBRARIES
    )


def test_a_folder_has_the_name_that_headers_use(counted, tmp_path):
    """As after an installation."""
    (tmp_path / "count-1.0" / "api").mkdir()
    (tmp_path / "count-1.0" / "api" / "steps.h").write_text("#define STEP 4\n")
    (tmp_path / "count-1.0" / "count.c").write_text("#include <count/steps.h>\n" + TEXT)
    with tarfile.open(tmp_path / "count" / counted.archive, "w:xz") as tar:
        tar.add(tmp_path / "count-1.0", "count-1.0")
    sha256 = hashlib.sha256((tmp_path / "count" / counted.archive).read_bytes()).hexdigest()
    library = replace(counted, sha256=sha256, options=(), links=(("count", "api"),))
    assert libraries.play(library, 10, [catalog.parse("ref")]).problems == []


def test_without_network_it_is_not_run(monkeypatch, tmp_path):
    def nothing(package, cache):
        raise sources.NotFetched("Temporary failure resolving")

    monkeypatch.setattr(libraries, "cache", lambda: tmp_path)
    outcome = libraries.play(libraries.LIBRARIES[0], 10, [], fetch=nothing)
    assert guests.sentence(outcome) == "lz4          not run: Temporary failure resolving"
    monkeypatch.setattr(sources, "apt", nothing)
    said = CliRunner().invoke(guests.command, ["libraries", "zlib"], standalone_mode=False)
    assert said.return_value == exit_code.NOTHING and said.output.startswith("zlib         not run: ")


def test_without_apt_it_is_not_run(monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(sources.NotFetched, match="there is no apt-get"):
        sources.fetch("lz4", tmp_path)


def test_an_unknown_library_is_refused():
    said = CliRunner().invoke(guests.command, ["libraries", "leftpad"])
    assert said.exit_code == exit_code.USAGE and "no library leftpad; there are lz4, " in said.output


def test_the_configuration_is_private(tmp_path):
    etc = tmp_path / "etc"
    (etc / "sources.list.d").mkdir(parents=True)
    (etc / "sources.list").write_text("# mine\ndeb ftp://a.example/debian stable main\ndeb-src ftp://b.example x y\n")
    (etc / "sources.list.d" / "more.sources").write_text("Types: deb\nURIs: ftp://c.example\nSuites: stable\n")
    (etc / "sources.list.d" / "off.list.disabled").write_text("deb ftp://d.example stable main\n")
    options = sources.configure(tmp_path / "own", etc)
    folder = tmp_path / "own" / "sources"
    assert sorted(path.name for path in folder.iterdir()) == ["more.sources", "sources.list"]
    assert (folder / "sources.list").read_text().splitlines() == [
        "deb-src ftp://a.example/debian stable main",
        "deb-src ftp://b.example x y",
    ]
    assert (folder / "more.sources").read_text().startswith("Types: deb-src\nURIs: ftp://c.example\n")
    assert f"Dir::State={tmp_path / 'own' / 'state'}" in options and "Dir::Etc::SourceList=/dev/null" in options


def test_every_library_has_its_program():
    assert {path.stem for path in libraries.PROGRAMS.glob("*.c")} == set(libraries.NAMES)
