"""The reference of the Python rooms: a page a room, filled in by mkdocstrings."""

from pathlib import Path

from assay.base import paths

FOLDERS = {"model": paths.ROOT / "spec" / "model", "assay": paths.ROOT / "runner" / "assay"}
# What somebody who changes the model or the runner calls. The rooms above these are called by commands only.
ROOMS = {
    "model": ("machine", "kernel"),
    "assay": ("base", "engines", "assembly", "suite", "corpus", "locate", "replay", "random", "guests"),
}


def pages() -> dict[str, str]:
    return {
        f"reference/{package}/{room}.md": page(package, FOLDERS[package] / room)
        for package, rooms in ROOMS.items()
        for room in rooms
    }


def page(package: str, room: Path) -> str:
    lines = [f"# {package}.{room.name}", "", f"::: {package}.{room.name}", "    options: {members: false}", ""]
    for module in sorted(room.glob("*.py")):
        if module.stem != "__init__":
            lines += [f"## {module.stem}", "", f"::: {package}.{room.name}.{module.stem}", ""]
    return "\n".join(lines)
