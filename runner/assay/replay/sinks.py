"""Reports for machines: JSON lines and JUnit."""

import json
import sys
import xml.etree.ElementTree as xml
from collections.abc import Mapping
from pathlib import Path
from typing import IO, Protocol

from assay.base.strict import Members
from assay.base.trouble import NoOutput
from assay.replay.verdict import Verdict, Vote
from assay.suite.collection import Invalid


class Sink(Protocol):
    """Where verdicts go."""

    def add(self, verdict: Verdict, file: str) -> None: ...

    def invalid(self, entry: Invalid) -> None: ...

    def ending(self, engine: str, message: str) -> None: ...

    def close(self, counts: Mapping[Vote, int], interrupted: bool) -> None: ...


def opened(path: str) -> IO[str]:
    if path == "-":
        return sys.stdout
    try:
        return Path(path).open("w", encoding="utf-8")
    except OSError as error:
        raise NoOutput(f"{path}: cannot be written: {error.strerror}") from None


class JsonLines:
    """One object a verdict, and a last one with `done`."""

    def __init__(self, path: str, walls: Mapping[str, str]) -> None:
        self.stream = opened(path)
        self.walls = walls  # around strangers, by name

    def add(self, verdict: Verdict, file: str) -> None:
        line: Members = {"case": verdict.case, "file": file, "engine": verdict.engine, "verdict": verdict.vote.value}
        if verdict.differences and verdict.flavour:
            line |= {"flavour": verdict.flavour.value, "step": verdict.step}
            line["differences"] = [
                {"field": entry.field, "expected": entry.expected, "got": entry.got} for entry in verdict.differences
            ]
        if verdict.message:
            line["message"] = verdict.message
        self.write(line)

    def invalid(self, entry: Invalid) -> None:
        line: Members = {"case": entry.id, "file": entry.file, "verdict": Vote.INVALID.value}
        self.write(line | {"offset": entry.offset, "message": entry.message})

    def ending(self, engine: str, message: str) -> None:
        self.write({"engine": engine, "verdict": Vote.BROKEN.value, "ending": message})

    def write(self, line: Members) -> None:
        print(json.dumps(line), file=self.stream, flush=True)

    def close(self, counts: Mapping[Vote, int], interrupted: bool) -> None:
        done: Members = {"done": not interrupted, "interrupted": interrupted, "sandbox": dict(self.walls)}
        self.write(done | {vote.value: counts[vote] for vote in Vote})
        if self.stream is not sys.stdout:
            self.stream.close()


class Junit:
    """One test suite an engine; written at the end, also after an interrupt."""

    def __init__(self, path: str, walls: Mapping[str, str]) -> None:
        opened(path).close()
        self.walls = walls
        self.path = Path(path)
        self.suites: dict[str, xml.Element] = {}

    def add(self, verdict: Verdict, file: str) -> None:
        entry = self.case(verdict.engine, verdict.case, file)
        if not verdict.passed:
            tag = "failure" if verdict.vote == Vote.FAIL else "error"
            problem = xml.SubElement(entry, tag, message=verdict.text)
            problem.text = "\n".join(
                f"{entry.field}: expected {entry.expected}, got {entry.got}" for entry in verdict.differences
            )

    def invalid(self, entry: Invalid) -> None:
        case = self.case("reading", entry.id or f"at byte {entry.offset}", entry.file)
        xml.SubElement(case, "error", message=str(entry))

    def ending(self, engine: str, message: str) -> None:
        case = self.case(engine, "ending", "")
        xml.SubElement(case, "error", message=message)

    def case(self, suite: str, identity: str, file: str) -> xml.Element:
        self.suites.setdefault(suite, xml.Element("testsuite", name=suite))
        classname, _, name = identity.rpartition("/")
        attributes = {"classname": classname.replace("/", "."), "name": name, "file": file}
        return xml.SubElement(self.suites[suite], "testcase", attributes)

    def close(self, counts: Mapping[Vote, int], interrupted: bool) -> None:
        root = xml.Element("testsuites", name="assay replay")
        if interrupted:
            root.set("interrupted", "true")
        for name, suite in self.suites.items():
            if name in self.walls:
                properties = xml.Element("properties")
                xml.SubElement(properties, "property", name="sandbox", value=self.walls[name])
                suite.insert(0, properties)
            suite.set("tests", str(len(suite.findall("testcase"))))
            for tag in ("failure", "error"):
                suite.set(f"{tag}s", str(len(suite.findall(f"testcase/{tag}"))))
            root.append(suite)
        xml.ElementTree(root).write(self.path, encoding="utf-8", xml_declaration=True)
