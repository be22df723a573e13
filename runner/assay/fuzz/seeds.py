"""Seeds of the targets: a folder, or an archive, of inputs for each; and a small set made of a large one."""

import hashlib
import os
import shutil
import subprocess
import tempfile
import zipfile
from collections.abc import Iterable, Iterator
from pathlib import Path

from assay.base.trouble import BadInput, NoEngine, NoOutput
from assay.fuzz import builds
from assay.fuzz.part import ENVIRONMENT, EXECUTION_MS

CORPUS_DAY = (2026, 1, 1, 0, 0, 0)  # of all files of an archive, so that the same inputs make the same archive
LARGEST = 64 * 1024  # a larger input is no seed


def read(folder: Path, target: str) -> Iterator[bytes]:
    """The inputs of FOLDER/TARGET/ or of FOLDER/TARGET.zip; raises BadInput where there is neither."""
    archive, inputs = folder / f"{target}.zip", folder / target
    try:
        if inputs.is_dir():
            for path in sorted(inputs.iterdir()):
                if path.is_file():
                    yield path.read_bytes()
            return
        with zipfile.ZipFile(archive) as stream:
            for name in stream.namelist():
                yield stream.read(name)
    except FileNotFoundError:
        raise BadInput(f"{folder} has neither {target}/ nor {target}.zip; --from takes a folder of seeds") from None
    except (OSError, zipfile.BadZipFile) as error:
        raise BadInput(f"{archive if archive.exists() else inputs}: {error}") from None


def unpack(folder: Path, target: str, place: Path) -> int:
    """Puts the seeds that are not there yet into a folder, named as libFuzzer does; how many there are."""
    found = {hashlib.sha1(data, usedforsecurity=False).hexdigest(): data for data in read(folder, target) if data}
    if not found:
        raise BadInput(f"{folder} has no inputs of the target {target}")
    try:
        place.mkdir(parents=True, exist_ok=True)
        for name, data in found.items():
            if not (place / name).exists():
                partial = place / f".{name}"
                partial.write_bytes(data)
                partial.replace(place / name)
        for left in place.glob(".*"):
            left.unlink()
    except OSError as error:
        raise NoOutput(f"{place}: cannot be written: {error.strerror}") from None
    return len(found)


def pack(inputs: Iterable[bytes], archive: Path) -> int:
    """Writes an archive; how many inputs it has."""
    named = {hashlib.sha1(data, usedforsecurity=False).hexdigest(): data for data in inputs}
    archive.parent.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as stream:
        for name in sorted(named):
            stream.writestr(zipfile.ZipInfo(name, CORPUS_DAY), named[name], zipfile.ZIP_DEFLATED)
    return len(named)


def minimise(folders: Iterable[Path], target: str, archive: Path) -> int:
    """Packs those inputs of all folders that reach something that no smaller one reaches, as afl-cmin says."""
    if shutil.which("afl-cmin") is None:
        raise NoEngine("afl-cmin is not installed; the package afl++ has it")
    builds.make(builds.AFL, [target])
    with tempfile.TemporaryDirectory(prefix="assay-seeds-") as place:
        given, least = Path(place) / "in", Path(place) / "out"
        for folder in folders:
            unpack(folder, target, given)
        for path in given.iterdir():
            if path.stat().st_size > LARGEST:
                path.unlink()
        argv = ["afl-cmin", "-t", str(EXECUTION_MS), "-i", str(given), "-o", str(least), "--"]
        argv.append(str(builds.program(builds.AFL, target)))
        env = os.environ | ENVIRONMENT | {"AFL_ALLOW_TMP": "1"}
        done = subprocess.run(argv, capture_output=True, text=True, env=env, stdin=subprocess.DEVNULL)
        kept = [path.read_bytes() for path in sorted(least.glob("*")) if path.is_file()]
        if done.returncode != 0 or not kept:
            raise NoEngine(f"afl-cmin failed:\n{(done.stdout + done.stderr)[-2000:]}")
        return pack(kept, archive)
