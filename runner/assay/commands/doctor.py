"""assay doctor: what this machine has, and what is missing."""

import platform
import shutil
import subprocess
import sys

import click

from assay.base import exit_code, paths
from assay.base.trouble import NoEngine
from assay.engines import catalog
from assay.engines.process import EngineError

TOOLS = {
    "gcc": "builds the engines",
    "cmake": "builds the engines",
    "ninja": "builds the engines",
    "clang-16": "the second compiler of ./assay test",
}


@click.command("doctor")
def command():
    """Check the tools, the builds and that every engine answers.

    \b
    Exit codes: 0 all is well, 4 something is missing (each line says what to do).
    """
    good = True
    say("system", f"{platform.system()} {platform.machine()}, Python {platform.python_version()}")
    for tool, purpose in TOOLS.items():
        path = shutil.which(tool)
        good &= path is not None
        say(tool, path or f"MISSING: {purpose}; ./assay installs it from CI/packages.txt")
    if platform.machine() not in ("x86_64", "AMD64"):
        say("fast", "left out: it recompiles to x86-64; ref and model are offered")
    for name in catalog.available((catalog.MODEL, *catalog.OURS)):
        good &= answers(name)
    count = len(list(paths.VECTORS.rglob("*.json")))
    good &= count > 0
    say("vectors", f"{count} files" if count else "MISSING: ./assay fill writes them")
    sys.stdout.flush()
    return exit_code.AGREED if good else exit_code.NO_ENGINE


def answers(name):
    try:
        engine = catalog.parse(name)
        catalog.check_loads(engine)
        if engine.kind == catalog.MODEL:
            say(name, "the specification, in this Python")
            return True
        with engine.open() as opened:
            hello = opened.hello()
    except (NoEngine, EngineError, subprocess.SubprocessError) as error:
        say(name, f"BROKEN: {error}")
        return False
    features = ", ".join(hello["features"])
    say(name, f"{paths.shown(engine.path)}, version {hello['version']}: {features}")
    return True


def say(what, text):
    click.echo(f"{what:<10} {text}")
