"""Builds the book: gathers its pages, then mkdocs makes a folder that a browser opens from the disk."""

import fcntl
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

from assay.base import paths
from assay.book import chapters, header, python_rooms

DOCS = paths.ROOT / "docs"
LOCK = DOCS / "requirements.lock"
FETCHED = re.compile(r'(?<=src=")[^"]*iframe-worker[^"]*(?=")')


class BookError(Exception):
    """The book cannot be built; the message says why."""


def build(folder: Path) -> Path:
    """Builds the book into `folder`; returns its first page. Two at once wait for each other."""
    work = paths.ROOT / "build" / "docs"
    pages = work / "pages"
    work.mkdir(parents=True, exist_ok=True)
    with (work / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        gather(pages)
        environment = {**os.environ, "ASSAY_PAGES": str(pages), "NO_MKDOCS_2_WARNING": "1"}
        run([*mkdocs(work / "venv"), "build", "--strict", "-f", DOCS / "mkdocs.yml", "-d", folder], environment)
    search_from_disk(folder)
    return folder / "index.html"


def search_from_disk(folder: Path) -> None:
    """The theme would fetch its stand-in for a worker from the network; docs/worker.js takes that place."""
    for page in folder.rglob("*.html"):
        up = "../" * (len(page.relative_to(folder).parts) - 1)
        text = page.read_text("utf-8")
        page.write_text(FETCHED.sub(f"{up}worker.js", text), "utf-8")


def gather(pages: Path) -> None:
    """Every page as Markdown in one folder: the guides as they are, the others made from what they describe."""
    shutil.rmtree(pages, ignore_errors=True)
    shutil.copytree(DOCS, pages, ignore=shutil.ignore_patterns("*.yml", "*.lock", "*.py"))
    shutil.copytree(paths.ROOT / "spec" / "schema", pages / "spec" / "schema")
    made = {**chapters.pages(), **python_rooms.pages(), "reference/assay-h.md": header.page(), **texts()}
    for name, text in made.items():
        path = pages / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf-8")


def texts() -> dict[str, str]:
    """Documents that live beside what they describe."""
    sources = {
        "reference/protocol.md": "runner/PROTOCOL.md",
        "reference/vectors.md": "vectors/README.md",
        "reference/report.md": "runner/REPORT.md",
        "reference/assembly.md": "runner/ASM.md",
        "guides/guests.md": "guest/README.md",
        "guides/reading-ref.md": "ref/README.md",
        "spec/index.md": "spec/README.md",
        "contributing.md": "CONTRIBUTING.md",
        "project/changes.md": "CHANGELOG.md",
        "project/security.md": "SECURITY.md",
    }
    return {name: (paths.ROOT / source).read_text("utf-8") for name, source in sources.items()}


def mkdocs(venv: Path) -> list[str | Path]:
    """The program, installed from the hashed lock when that changed."""
    stamp = venv / "stamp"
    if not stamp.is_file() or stamp.read_bytes() != LOCK.read_bytes():
        shutil.rmtree(venv, ignore_errors=True)
        run([sys.executable, "-m", "venv", venv])
        pip: list[str | Path] = [
            venv / "bin" / "python",
            "-m",
            "pip",
            "install",
            "--disable-pip-version-check",
            "-q",
            "--no-deps",
        ]
        run([*pip, "--require-hashes", "-r", LOCK])
        stamp.write_bytes(LOCK.read_bytes())
    return [venv / "bin" / "python", "-m", "mkdocs"]  # its script would name the folder that this one is a copy of


def run(argv: list[str | Path], environment: dict[str, str] | None = None) -> None:
    done = subprocess.run(argv, env=environment, cwd=paths.ROOT, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise BookError(f"{Path(argv[0]).name} failed: {(done.stdout + done.stderr)[-2000:]}")
