"""The list of parts of a release, as CycloneDX: assay itself, the packages of Debian and those of Python."""

import json
import re
import shutil
import uuid
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import TypeAlias

from assay.base import paths
from assay.base.trouble import BadInput
from assay.release.tool import output

Json: TypeAlias = str | int | list["Json"] | dict[str, "Json"]

LICENCE = "Apache-2.0"
OURS = {  # what assay brings itself
    "assay": ("application", "engines, harness, runner, specification"),
    "assay-vectors": ("data", "vectors/"),
}
LINKED = {"libcjson-dev", "libsodium-dev", "libb2-dev", "libc6-dev"}  # in what runs; the others only build and check
LOCKS = {
    "runner/requirements.lock": "runner and its checks",
    "docs/requirements.lock": "the book",
}
PACKAGE = re.compile(r"^(\S+)\s*#\s*([^;]+);\s*(.+)$")
PINNED = re.compile(r"^([A-Za-z0-9._-]+)==([^\s;\\]+)")


def document(time: int) -> str:
    """The whole list; `time` is that of the commit."""
    ours = [component(kind, name, paths.version(), LICENCE, use) for name, (kind, use) in OURS.items()]
    others = [*debian(), *python()]
    text: dict[str, Json] = {
        "bomFormat": "CycloneDX",
        "specVersion": "1.5",
        "version": 1,
        "metadata": {
            "timestamp": datetime.fromtimestamp(time, UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
            "component": ours[0],
        },
        "components": [*ours[1:], *others],
    }
    serial = uuid.uuid5(uuid.NAMESPACE_OID, json.dumps(text, sort_keys=True))
    return json.dumps(text | {"serialNumber": f"urn:uuid:{serial}"}, indent=1) + "\n"


def component(kind: str, name: str, version: str, licence: str, used: str, origin: str = "generic") -> dict[str, Json]:
    """One part; its licence is an SPDX expression."""
    purl = f"pkg:{origin}/{name}@{version.replace('+', '%2B').replace(':', '%3A')}"
    return {
        "type": kind,
        "bom-ref": purl,
        "name": name,
        "version": version,
        "purl": purl,
        "licenses": [{"expression": licence}],
        "properties": [{"name": "assay:used", "value": used}],
    }


def packages() -> Iterator[tuple[str, str, str]]:
    """Name, licence and use of each line of CI/packages.txt."""
    for line in (paths.ROOT / "CI" / "packages.txt").read_text().splitlines():
        if line and not line.startswith("#"):
            found = PACKAGE.match(line)
            if not found:
                raise BadInput(f"CI/packages.txt: {line!r} does not read NAME # LICENCE; USE")
            yield found[1], found[2].strip(), found[3].strip()


def debian() -> Iterator[dict[str, Json]]:
    """The system packages, in the versions that are installed; none where there is no dpkg."""
    if shutil.which("dpkg-query") is None:
        return
    listed = list(packages())
    told = output(["dpkg-query", "-W", "-f", "${Package} ${Version}\n", *(name for name, _, _ in listed)])
    versions = dict(line.split() for line in told.decode().splitlines())
    for name, licence, use in listed:
        part = component("library", name, versions[name], licence, use, "deb/debian")
        yield part | {"scope": "required" if name in LINKED else "excluded"}


def python() -> Iterator[dict[str, Json]]:
    """The packages that the locks pin, each version once."""
    runtime = (paths.ROOT / "runner" / "runtime.txt").read_text().split()
    licences = licences_of_python()
    uses: dict[tuple[str, str], list[str]] = {}
    for lock, use in LOCKS.items():
        for name, version in pinned(lock):
            used = uses.setdefault((name, version), [])
            if use not in used:
                used.append(use)
    for (name, version), used in uses.items():
        if name not in licences:
            raise BadInput(f"CI/licences.txt does not say the licence of {name}")
        part = component("library", name, version, licences[name], "; ".join(used), "pypi")
        yield part | {"scope": "required" if name in runtime else "excluded"}


def pinned(lock: str) -> list[tuple[str, str]]:
    """Name and version of each package of a lock."""
    lines = (paths.ROOT / lock).read_text().splitlines()
    return [(found[1], found[2]) for line in lines if (found := PINNED.match(line))]


def licences_of_python() -> dict[str, str]:
    lines = (paths.ROOT / "CI" / "licences.txt").read_text().splitlines()
    rows = (line.split(maxsplit=1) for line in lines if not line.startswith("#"))
    return dict(rows)
