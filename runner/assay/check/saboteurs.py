"""Engines with one planted fault each: what the harness must find.

`build` makes a copy of an engine's sources, changes one line of it and compiles it; nothing of it touches the engine.
"""

import shutil
import subprocess
from pathlib import Path

from assay.base import paths
from assay.base.trouble import NoEngine
from assay.check.faults import Fault
from assay.engines.catalog import Target, shared_object

LIBRARIES = {"ref": ("-lsodium",), "fast": ("-lb2",)}
# Bounds that vectors reach, as build/dev has them: fast begins short programs in code of another kind, and stays there.
SMALL = "-DASSAY_SMALL=1"
FLAGS = ("-std=c17", "-O1", "-fPIC", "-shared", "-fvisibility=hidden", "-D_GNU_SOURCE", "-w")


def build(fault: Fault, folder: str | Path, *options: str) -> Target:
    """The engine with the fault, built in `folder` with more options; its name is the fault's."""
    sources = Path(folder, fault.engine)
    shutil.copytree(paths.ROOT / fault.engine, sources)
    plant(fault, sources / fault.file)
    library = Path(folder, f"libassay_{fault.engine}.so")
    done = subprocess.run([*command(fault.engine, sources, library), *options], capture_output=True, check=False)
    if done.returncode != 0:
        words = done.stderr.decode("utf-8", "replace")
        raise NoEngine(f"{fault}: it does not build: {words[-400:]}")
    return shared_object(fault.name, library, f"{fault.name}={library}")


def plant(fault: Fault, path: Path) -> None:
    text = path.read_text()
    if text.count(fault.right) != 1:
        raise NoEngine(f"{fault}: its line stands {text.count(fault.right)} times in {fault.file}")
    path.write_text(text.replace(fault.right, fault.wrong))


def command(engine: str, sources: Path, library: Path) -> list[str]:
    files = sorted(str(file) for file in sources.rglob("*.c") if not file.name.endswith("_test.c"))
    includes = [f"-I{folder}" for folder in (paths.ROOT / "include", paths.ROOT / "spec", sources)]
    version = f'-DASSAY_VERSION="{paths.version()}"'
    return ["gcc", *FLAGS, version, *includes, *files, "-o", str(library), "-lpthread", *LIBRARIES[engine]]
