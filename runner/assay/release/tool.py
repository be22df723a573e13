"""Programs that a release needs, run to their end."""

import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

from assay.base import paths
from assay.base.trouble import NoEngine

TAIL = 40  # lines that are shown of one that failed


def output(argv: Sequence[str | Path], cwd: Path = paths.ROOT, env: Mapping[str, str] | None = None) -> bytes:
    """What it wrote; NoEngine, with the end of what it said, when it fails."""
    try:
        done = subprocess.run(argv, cwd=cwd, env=env, stdin=subprocess.DEVNULL, capture_output=True, check=False)
    except OSError as error:
        raise NoEngine(f"{argv[0]} cannot be started: {error.strerror}") from None
    if done.returncode != 0:
        said = (done.stdout + done.stderr).decode("utf-8", "replace").splitlines()[-TAIL:]
        raise NoEngine("\n".join([*said, f"{' '.join(map(str, argv[:4]))} ended with {done.returncode}"]))
    return done.stdout
