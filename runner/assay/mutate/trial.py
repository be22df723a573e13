"""
Plays a mutant through the vectors until the first of them notices, an engine with bounds with small ones as well. What
none notices meets the contract lane.
"""

import json
import os
import select
import signal
import subprocess
import time
from dataclasses import dataclass
from enum import Enum
from pathlib import Path

from assay.base import paths
from assay.mutate.site import Mutant
from assay.mutate.workshop import Built, CompilerKilled, Workshop, scratch

SILENCE = 10.0  # seconds without a verdict: it hangs
CONTRACT_SECONDS = 60.0


class Fate(Enum):
    KILLED = "killed"
    CONTRACT = "killed by the contract"  # no vector notices, what the header promises does
    EQUIVALENT = "equivalent"
    SURVIVED = "survived"
    NO_MUTANT = "does not compile"
    NOT_JUDGED = "not judged"


@dataclass(frozen=True)
class Trial:
    mutant: Mutant
    fate: Fate
    by: str  # the case that noticed, or why there was nothing to notice
    seconds: float


def play(mutant: Mutant, workshop: Workshop, files: list[Path]) -> Trial:
    """What becomes of one mutant; the files that say most about it come first."""
    started = time.monotonic()
    with scratch() as folder:
        try:
            built = workshop.build(mutant, Path(folder))
        except CompilerKilled as error:
            return Trial(mutant, Fate.NOT_JUDGED, str(error), time.monotonic() - started)
        if built.reason:
            fate = Fate.EQUIVALENT if built.reason == "equal object code" else Fate.NO_MUTANT
            return Trial(mutant, fate, built.reason, time.monotonic() - started)
        fate, killer = Fate.KILLED, first_to_notice(built, files)
        small = workshop.build_small(mutant, Path(folder)) if killer is None else None
        if small is not None:
            killer = first_to_notice(small, files)
        if killer is None:
            killer = broken_promise(built)
            fate = Fate.CONTRACT if killer else Fate.SURVIVED
    return Trial(mutant, fate, killer or "", time.monotonic() - started)


def broken_promise(built: Built) -> str | None:
    """The first check of the header's contract that fails; a process has no header to keep."""
    if "=cmd:" in built.engine:
        return None
    argv = [str(paths.native()), "contract", "--engine", built.engine]
    try:
        done = subprocess.run(argv, capture_output=True, timeout=CONTRACT_SECONDS, check=False)
    except subprocess.TimeoutExpired:
        return "contract"
    for text in done.stdout.splitlines():
        line = json.loads(text)
        if line.get("verdict") == "broken":
            return str(line["check"])
    return "contract" if done.returncode else None


def first_to_notice(built: Built, files: list[Path]) -> str | None:
    """The first case that does not pass; an engine that dies or hangs is noticed where it does."""
    argv = [str(paths.native()), "replay", "--records", "--engine", built.engine, *map(str, files)]
    environment = {**os.environ, **built.environment}
    with subprocess.Popen(
        argv, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env=environment, start_new_session=True
    ) as process:
        try:
            return follow(process)
        finally:
            os.killpg(process.pid, signal.SIGKILL)


def follow(process: "subprocess.Popen[bytes]") -> str | None:
    if process.stdout is None:
        raise ValueError("the output is not a pipe")
    rest, begun = b"", "the start"
    while True:
        ready, _, _ = select.select([process.stdout], [], [], SILENCE)
        data = os.read(process.stdout.fileno(), 1 << 16) if ready else b""
        if not data:
            return begun
        *lines, rest = (rest + data).split(b"\n")
        for text in lines:
            line = json.loads(text)
            if "begin" in line:
                begun = str(line["begin"])
            elif line.get("done"):
                return None
            elif line["verdict"] != "pass":
                return str(line.get("case") or begun)
