"""Plays a mutant through the vectors until the first of them notices."""

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
from assay.mutate.workshop import Built, Workshop, scratch

SILENCE = 10.0  # seconds without a verdict: it hangs
STARTS_MAX = 3


class Fate(Enum):
    KILLED = "killed"
    EQUIVALENT = "equivalent"
    SURVIVED = "survived"
    NO_MUTANT = "does not compile"


@dataclass(frozen=True)
class Trial:
    mutant: Mutant
    fate: Fate
    by: str  # the case that noticed, or why there was nothing to notice
    seconds: float


def play(mutant: Mutant, workshop: Workshop, files: list[Path]) -> Trial:
    """What becomes of one mutant."""
    started = time.monotonic()
    with scratch() as folder:
        built = workshop.build(mutant, Path(folder))
        if built.reason:
            fate = Fate.EQUIVALENT if built.reason == "equal object code" else Fate.NO_MUTANT
            return Trial(mutant, fate, built.reason, time.monotonic() - started)
        killer = first_to_notice(built, files)
    fate = Fate.SURVIVED if killer is None else Fate.KILLED
    return Trial(mutant, fate, killer or "", time.monotonic() - started)


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
