"""fast in eight threads at once, under a race detector, which is shown to find a race."""

import os
import shutil
import subprocess
from pathlib import Path

from assay.base import paths

HERE = paths.ROOT / "runner" / "tests" / "host"
FLAGS = ["-std=c17", "-O1", "-g", "-w", "-fsanitize=thread", "-D_GNU_SOURCE", '-DASSAY_VERSION="test"']
ROUNDS = 300


def play(sources: Path, folder: Path) -> subprocess.CompletedProcess[str]:
    files = sorted(str(file) for file in sources.rglob("*.c") if not file.name.endswith("_test.c"))
    includes = [f"-I{where}" for where in (paths.ROOT / "include", paths.ROOT / "spec", sources)]
    program = folder / "threads"
    command = ["gcc", *FLAGS, *includes, *files, str(HERE / "threads.c"), "-o", str(program)]
    subprocess.run([*command, "-lb2", "-lpthread", "-ldl"], check=True)
    argv = ["setarch", "-R", str(program), str(ROUNDS)]  # the detector wants its addresses where they always are
    environment = {**os.environ, "TSAN_OPTIONS": "halt_on_error=1"}
    return subprocess.run(argv, capture_output=True, text=True, timeout=120, check=False, env=environment)


def test_threads_share_no_memory_by_accident(tmp_path: Path) -> None:
    ended = play(paths.ROOT / "fast", tmp_path)
    assert (ended.returncode, ended.stderr) == (0, "")


def test_the_detector_would_say_so(tmp_path: Path) -> None:
    sources = tmp_path / "fast"
    shutil.copytree(paths.ROOT / "fast", sources)
    lock = sources / "machine" / "lock.c"
    text = lock.read_text()
    lock.write_text(text.replace("pthread_mutex_lock(&mutex);", "").replace("pthread_mutex_unlock(&mutex);", ""))
    assert lock.read_text() != text
    assert "data race" in play(sources, tmp_path).stderr
