"""Source packages of the host's distribution, fetched into a folder of ours; the host's own apt is left as it is.

A private configuration is made of the host's: its binary sources as source ones, with lists and archives in the cache.
apt checks what it fetches against the signed lists.
"""

import hashlib
import re
import shutil
import subprocess
import tarfile
from dataclasses import dataclass
from pathlib import Path

ETC = Path("/etc/apt")
SECONDS = 120


class NotFetched(Exception):
    """There is no network, no apt, or no such package."""


@dataclass(frozen=True)
class Source:
    """What was unpacked, and the archive that it comes from."""

    folder: Path
    archive: str
    sha256: str


def fetch(package: str, cache: Path) -> Source:
    """The upstream archive of a package, unpacked; from the cache if it is there. Raises NotFetched."""
    folder = cache / package
    if (found := archive_in(folder)) is None:
        folder.mkdir(parents=True, exist_ok=True)
        options = configure(cache / "apt")
        if not any((cache / "apt" / "state" / "lists").glob("*Sources*")):
            apt([*options, "update"], folder)
        apt([*options, "source", "--download-only", "--tar-only", package], folder)
        found = archive_in(folder)
    if found is None:
        raise NotFetched(f"the package {package} has no upstream archive")
    return Source(unpacked(found, folder / "unpacked"), found.name, hashlib.sha256(found.read_bytes()).hexdigest())


def archive_in(folder: Path) -> Path | None:
    return next((path for path in sorted(folder.glob("*.orig.tar.*")) if path.suffix != ".asc"), None)


def apt(words: list[str], folder: Path) -> None:
    try:
        done = subprocess.run(
            ["apt-get", "-q", *words], cwd=folder, capture_output=True, text=True, timeout=SECONDS, check=False
        )
    except FileNotFoundError:
        raise NotFetched("there is no apt-get") from None
    except subprocess.TimeoutExpired:
        raise NotFetched(f"apt-get did not end within {SECONDS} s") from None
    failed = [line for line in done.stderr.splitlines() if line.startswith(("E:", "W: Failed"))]
    if done.returncode or failed:
        raise NotFetched((failed or [done.stderr.strip() or "apt-get failed"])[-1])


def configure(folder: Path, etc: Path = ETC) -> list[str]:
    """Writes the private configuration; the options that make apt use it."""
    parts, state, archives = folder / "sources", folder / "state", folder / "archives"
    shutil.rmtree(parts, ignore_errors=True)
    for path in (parts, state / "lists" / "partial", archives / "archives" / "partial"):
        path.mkdir(parents=True, exist_ok=True)
    for path in (etc / "sources.list", *sorted((etc / "sources.list.d").glob("*"))):
        if path.is_file() and path.suffix in (".list", ".sources"):
            (parts / path.name).write_text(as_sources(path.read_text(), path.suffix))
    values = {
        "Dir::Etc::SourceList": "/dev/null",
        "Dir::Etc::SourceParts": str(parts),
        "Dir::State": str(state),
        "Dir::State::Status": "/var/lib/dpkg/status",
        "Dir::Cache": str(archives),
        "Acquire::Languages": "none",
        "APT::Sandbox::User": "",
    }
    return [word for name, value in values.items() for word in ("-o", f"{name}={value}")]


def as_sources(text: str, suffix: str) -> str:
    """A list of binary packages as one of their sources."""
    if suffix == ".sources":
        return re.sub(r"^Types:.*$", "Types: deb-src", text, flags=re.MULTILINE)
    lines = [re.sub(r"^deb(-src)?\s", "deb-src ", line) for line in text.splitlines() if line.startswith("deb")]
    return "".join(f"{line}\n" for line in dict.fromkeys(lines))


def unpacked(archive: Path, folder: Path) -> Path:
    """The folder that the archive holds, unpacked anew, so that nothing in it is changed."""
    shutil.rmtree(folder, ignore_errors=True)
    with tarfile.open(archive) as tar:
        tar.extractall(folder, filter="data")
    inside = list(folder.iterdir())
    return inside[0] if len(inside) == 1 else folder
