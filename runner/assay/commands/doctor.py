"""assay doctor: what this machine has, and what is missing."""

import platform
import subprocess
import sys

import click

from assay.base import exit_code, paths
from assay.base.trouble import NoEngine
from assay.check import builds, machine
from assay.engines import catalog
from assay.engines.trouble import EngineError

WIDTH = 22
X86 = ("x86_64", "AMD64")


@click.command("doctor")
def command() -> int:
    """Check the tools, the builds and that every engine answers.

    \b
    Exit codes: 0 all is well, 4 something is missing (each line says what to do).
    """
    say("system", f"{platform.system()} {platform.machine()}, Python {platform.python_version()}")
    found = [answers(name) for name in catalog.available((catalog.MODEL, *catalog.OURS))]
    found += [left_out(name) for name in catalog.OURS if name not in catalog.available(catalog.OURS)]
    found.append(has_vectors())
    if not paths.is_installed():
        found += [has_program(program) for program in machine.PROGRAMS]
        found.append(has_packages())
        found += [is_own_build(preset) for preset in builds.COMPILERS]
    sys.stdout.flush()
    return exit_code.AGREED if all(found) else exit_code.NO_ENGINE


def answers(name: str) -> bool:
    try:
        engine = catalog.parse(name)
        catalog.check_loads(engine)
        if engine.kind == catalog.Kind.MODEL:
            say(name, "the specification, in this Python")
            return True
        with engine.open() as opened:
            hello = opened.hello()
    except (NoEngine, EngineError, subprocess.SubprocessError) as error:
        say(name, f"BROKEN: {error}")
        return False
    features = ", ".join(hello.features)
    say(name, f"{paths.shown(paths.library(name))}, version {hello.version}: {features}")
    return True


def left_out(name: str) -> bool:
    """Of our engines, only the recompiler depends on the machine."""
    if name == "fast" and platform.machine() not in X86:
        say(name, "left out: it recompiles to x86-64; ref and model are offered")
        return True
    say(name, f"MISSING: {paths.shown(paths.library(name))} is not built; ./assay builds it")
    return False


def has_vectors() -> bool:
    count = len(list(paths.VECTORS.rglob("*.json")))
    say("vectors", f"{count} files" if count else "MISSING: ./assay fill writes them")
    return count > 0


def has_program(program: machine.Program) -> bool:
    place = machine.place_of(program)
    say(program.name, place or f"MISSING: it {program.purpose}; install the package {program.package}")
    return place is not None


def has_packages() -> bool:
    missing = machine.missing_packages()
    if missing is None:
        say("packages", "no dpkg here: what CI/packages.txt lists is for you to compare")
        return True
    if missing:
        say("packages", f"MISSING: apt-get install {' '.join(missing)}")
        return False
    say("packages", f"all {len(machine.packages())} of CI/packages.txt")
    return True


def is_own_build(preset: str) -> bool:
    """Whether a build folder, if there is one, was configured for this clone."""
    source = builds.configured_for(preset)
    if not source:
        say(f"build/{preset}", "not there yet; ./assay test makes it")
    elif builds.is_foreign(preset):
        say(f"build/{preset}", f"MISPLACED: it builds {source}, not this folder; remove it")
        return False
    else:
        say(f"build/{preset}", "configured for this folder")
    return True


def say(what: str, text: str) -> None:
    click.echo(f"{what:<{WIDTH}} {text}")
