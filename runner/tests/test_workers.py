"""Worker processes that are told to end while they start: they end, and say nothing."""

import os
import subprocess
import sys

from assay.base import paths

PROGRAM = """
import os, signal
from assay.base import workers
signal.signal(signal.SIGTERM, signal.default_int_handler)

def ended_at_once():
    os.kill(os.getpid(), signal.SIGTERM)

os.register_at_fork(after_in_child=ended_at_once)
for _ in range(3):
    with workers.pool(2):
        pass
print("done")
"""


def test_workers_that_are_ended_while_they_start_say_nothing() -> None:
    argv = [sys.executable, "-c", PROGRAM]
    done = subprocess.run(
        argv, capture_output=True, text=True, timeout=60, env=os.environ | {"PYTHONPATH": str(paths.ROOT / "runner")}
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "done\n", "")
