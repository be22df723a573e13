"""A command of `assay-native` that has a stranger's shared object in its own process: the whole of it runs in the cage.

What it says passes through here and is made fit for a terminal; what it says is the stranger's word as much as ours.
"""

import os
import subprocess
import sys
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import IO

from assay.base.plain import plain
from assay.engines.sandbox import Sandbox

PART = 1 << 16


def run(sandbox: Sandbox, harness: Path, argv: Sequence[str], is_protocol: bool = False) -> int:
    """Its exit status; with `is_protocol` standard output is for a program and passes as it is."""
    theirs, ours = os.pipe()
    environment = {**os.environ, "ASSAY_LEASH": str(theirs)}
    output = None if is_protocol else subprocess.PIPE
    caged = [*sandbox.around(harness, argv), *argv]
    try:
        with subprocess.Popen(
            caged, stdout=output, stderr=subprocess.PIPE, pass_fds=(theirs,), env=environment
        ) as process:
            os.close(theirs)
            assert process.stderr is not None
            words = threading.Thread(target=relay, args=(process.stderr, sys.stderr))
            words.start()
            if process.stdout is not None:
                relay(process.stdout, sys.stdout)
            words.join()
            return process.wait()
    finally:
        os.close(ours)  # the leash: whatever is left in the cage ends


def relay(source: IO[bytes], stream: IO[str]) -> None:
    """Line by line, each as it comes; a line without end in pieces."""
    while part := source.readline(PART):
        line = part.decode("utf-8", "replace")
        end = "\n" if line.endswith("\n") else ""
        stream.write(plain(line.removesuffix("\n")) + end)
        stream.flush()
