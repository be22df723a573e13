"""assay dist: a release, the same bytes wherever it is made."""

import os
import platform
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import click

from assay.base import exit_code, paths
from assay.release import archive, parts
from assay.release.tool import output

UNTOLD = ("CFLAGS", "CPPFLAGS", "LDFLAGS", "DESTDIR", "CC")  # a caller's flags are no part of a release


@click.command("dist")
@click.option("-o", "folder", type=click.Path(path_type=Path), help="Where the archives go; build/dist otherwise.")
def command(folder: Path | None) -> int:
    """Make a release of the commit that is checked out: an archive of the sources, one of the installed tree, a list
    of parts (CycloneDX) and SHA256SUMS; of the book too, if ./assay docs has built it. The same commit and the same
    compiler give the same bytes, whatever the folder.

    \b
    Exit codes: 0 made, 4 a tool is missing or the sources do not build.
    """
    paths.needs_clone("dist")
    folder = folder or paths.scratch() / "dist"
    folder.mkdir(parents=True, exist_ok=True)
    made = list(make(folder.resolve()))
    sums = "".join(f"{archive.digest(path)}  {path.name}\n" for path in made)
    (folder / "SHA256SUMS").write_text(sums)
    click.echo(sums, nl=False)
    return exit_code.AGREED


def make(folder: Path) -> Iterator[Path]:
    """Writes one file after the other and tells each."""
    if output(["git", "status", "--porcelain"]).strip():
        click.echo("assay: what is not committed is left out", err=True)
    name = f"assay-{paths.version()}"
    time = int(output(["git", "show", "-s", "--format=%ct", "HEAD"]))
    told = parts.document(time)  # first, since what it lacks is soon said
    sources = folder / f"{name}.tar.gz"
    sources.write_bytes(archive.compress(committed(name)))
    yield sources
    with tempfile.TemporaryDirectory(prefix="assay-dist-") as place:
        shutil.unpack_archive(sources, place, filter="data")
        installed = install(Path(place, name), Path(place, "installed"), time)
        binary = f"{name}-{platform.machine()}-{platform.system().lower()}"
        yield archive.pack(installed, binary, time, folder / f"{binary}.tar.gz")
    book = paths.ROOT / "build" / "book"
    if book.is_dir():
        yield archive.pack(book, f"{name}-book", time, folder / f"{name}-book.tar.gz")
    listed = folder / f"{name}.cdx.json"
    listed.write_text(told)
    yield listed


def committed(name: str) -> bytes:
    """The tracked sources as they are committed, whatever the user's settings of git."""
    settings = ["-c", "tar.umask=0022", "-c", "core.autocrlf=false"]
    return output(["git", *settings, "archive", "--format=tar", f"--prefix={name}/", "HEAD"])


def install(sources: Path, prefix: Path, time: int) -> Path:
    """Builds the sources with the release preset and installs them."""
    environment = {name: value for name, value in os.environ.items() if name not in UNTOLD}
    environment |= {"SOURCE_DATE_EPOCH": str(time), "LC_ALL": "C"}
    output(["cmake", "--preset", "release", "-DBUILD_TESTING=OFF"], sources, environment)
    output(["cmake", "--build", "--preset", "release"], sources, environment)
    output(["cmake", "--install", "build/release", "--prefix", prefix], sources, environment)
    return prefix
