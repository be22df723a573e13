"""The command line as tests start it."""

import os
import subprocess
import sys

from assay.base import paths

RESTRAINED = ("setpriv", "--bounding-set=-dac_override,-dac_read_search", "--inh-caps=-dac_override,-dac_read_search")


def assay(
    *arguments: object, stdin: str = "", timeout: float = 120, cwd: str | os.PathLike[str] | None = None
) -> subprocess.CompletedProcess[str]:
    return start((sys.executable, "-m", "assay", *map(str, arguments)), stdin, timeout, cwd)


def assay_as_anybody(*arguments: object) -> subprocess.CompletedProcess[str]:
    """As a user whom permissions bind: root is, without the capabilities to override them."""
    drop = RESTRAINED if os.geteuid() == 0 else ()
    return start((*drop, sys.executable, "-m", "assay", *map(str, arguments)))


def start(
    argv: tuple[str, ...], stdin: str = "", timeout: float = 120, cwd: str | os.PathLike[str] | None = None
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        argv, input=stdin, capture_output=True, text=True, timeout=timeout, cwd=cwd or paths.ROOT, check=False
    )
