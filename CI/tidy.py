"""Style and arrows: what every file must keep to. Prints `file:line: complaint`; code 1 if any.

    python CI/tidy.py            all files that git knows or would add

Arrows: ref/ and fast/ include assay.h, spec/*.def and their own headers; the harness the same; the
specification imports nothing of the runner; the generators only the specification.
"""

import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
CODE = {".c", ".h", ".py", ".sh", ".cmake"}
TEXT = CODE | {".def", ".md", ".txt", ".json", ".in", ".1", ".lock", ".asm", ".ld", ""}
COLUMNS = 120

MARKS = re.compile(r"\b(?:TODO|FIXME|XXX|HACK)\b")
NAMED_HOSTS = r"assay\.invalid|www\.apache\.org|www\.w3\.org|json-schema\.org"
PLACES = re.compile(rf"/work/|/home/[a-z]|/root/|\bhttps?://(?!{NAMED_HOSTS})")
INCLUDE = re.compile(r'^\s*#\s*include\s*([<"])([^>"]+)[>"]')
IMPORT = re.compile(r"^\s*(?:from\s+(\.*[\w.]*)\s+import|import\s+([\w.]+))")
RULE = re.compile(r"^### (\S+)$", re.M)
CITED = re.compile(r"(?<![\w/.])((?:%s)(?:/[a-z0-9_]+)+)(?![\w/.*])")

# folder -> what its Python may import besides the standard library
PYTHON = {"spec/model": {"model"}, "spec/cases": {"model", "cases"}, "CI": set()}


def files():
    """Every file of the project, vectors left out: they are generated."""
    argv = ["git", "ls-files", "--cached", "--others", "--exclude-standard"]
    names = subprocess.run(argv, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    paths = [Path(name) for name in names.splitlines()]
    found = [path for path in paths if (ROOT / path).is_file() and not is_generated(path)]
    if not found:
        sys.exit("tidy: no file found; run it in a clone")
    return found


def is_generated(path):
    return path.parts[0] == "vectors" and path.suffix == ".json"


def complaints(path, rules):
    if path.suffix not in TEXT:
        return
    try:
        text = (ROOT / path).read_text("utf-8")
    except UnicodeDecodeError as error:
        yield 1, f"no UTF-8 at byte {error.start}"
        return
    if text and not text.endswith("\n"):
        yield text.count("\n") + 1, "no newline at the end"
    for number, line in enumerate(text.splitlines(), 1):
        yield from ((number, complaint) for complaint in line_complaints(path, line, rules))


def line_complaints(path, line, rules):
    if line.rstrip() != line:
        yield "spaces at the end"
    if "\t" in line:
        yield "a tab"
    if path.suffix in CODE and len(line) > COLUMNS:
        yield f"{len(line)} columns, at most {COLUMNS}"
    if path.name != "tidy.py":
        if MARKS.search(line):
            yield "a mark of unfinished work"
        if PLACES.search(line) and path.name not in ("LICENSE",):
            yield "a place of some machine or network"
    if path.suffix in {".c", ".h"}:
        yield from include_complaints(path, line)
    if path.suffix == ".py":
        yield from import_complaints(path, line)
    if path.parts[0] in ("ref", "fast") or path.parts[:2] == ("spec", "model"):
        for cited in rules["cited"].findall(line):
            if cited not in rules["ids"] and not any(i.startswith(f"{cited}/") for i in rules["ids"]):
                yield f"{cited} is no rule of a chapter"


def include_complaints(path, line):
    found = INCLUDE.match(line)
    if not found or found[1] == "<":
        return
    name = found[2]
    room = path.parts[0]
    own = (ROOT / path.parent / name).is_file() or (ROOT / room / name).is_file()
    contract = name == "assay.h" or name.endswith(".def") and (ROOT / "spec" / name).is_file()
    if not own and not contract and path.parts[0] in ("ref", "fast", "runner"):
        yield f'includes "{name}", which is neither its own, nor assay.h, nor a table of spec/'


def import_complaints(path, line):
    folder = next((name for name in PYTHON if path.is_relative_to(name)), None)
    found = IMPORT.match(line)
    if folder is None or not found:
        return
    name = found[1] or found[2]
    top = name.split(".")[0]
    if top and not name.startswith(".") and top not in sys.stdlib_module_names | PYTHON[folder]:
        yield f"imports {top}; {folder} may import {', '.join(sorted(PYTHON[folder])) or 'nothing'}"


def unlisted(paths):
    """C files that no CMakeLists.txt names."""
    for path in paths:
        if path.suffix == ".c" and path.parts[0] in ("ref", "fast", "runner"):
            build = next(folder for folder in path.parents if (ROOT / folder / "CMakeLists.txt").is_file())
            listed = (ROOT / build / "CMakeLists.txt").read_text().split()
            if str(path.relative_to(build)) not in [word.strip("()") for word in listed]:
                yield path, 1, "its CMakeLists.txt does not name it"


def read_rules():
    chapters = sorted((ROOT / "spec").glob("*/*.md"))
    ids = {identity for chapter in chapters for identity in RULE.findall(chapter.read_text("utf-8"))}
    if not ids:
        sys.exit("tidy: no rule found in spec/*.md")
    areas = "|".join(sorted({identity.split("/")[0] for identity in ids}))
    return {"ids": ids, "cited": re.compile(CITED.pattern % areas)}


def main():
    rules = read_rules()
    paths = files()
    found = [(path, *complaint) for path in paths for complaint in complaints(path, rules)]
    found += unlisted(paths)
    for path, number, complaint in found:
        print(f"{path}:{number}: {complaint}")
    print(f"tidy: {len(paths)} files, {len(found)} complaints")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
