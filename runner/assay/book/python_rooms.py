"""The reference of the Python rooms: a page a room, filled in by mkdocstrings."""

from pathlib import Path

from assay.base import paths

PACKAGES = {"model": paths.ROOT / "spec" / "model", "assay": paths.ROOT / "runner" / "assay"}


def pages() -> dict[str, str]:
    found = {}
    for package, folder in PACKAGES.items():
        for room in sorted(path.parent for path in folder.glob("*/__init__.py")):
            if room.name != "commands":
                found[f"reference/{package}/{room.name}.md"] = page(package, room)
    return found


def page(package: str, room: Path) -> str:
    lines = [f"# {package}.{room.name}", "", f"::: {package}.{room.name}", "    options: {members: false}", ""]
    for module in sorted(room.glob("*.py")):
        if module.stem != "__init__":
            lines += [f"## {module.stem}", "", f"::: {package}.{room.name}.{module.stem}", ""]
    return "\n".join(lines)
