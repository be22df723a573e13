"""Reports for machines: JSON lines (spec/schema/report.json) and JUnit."""

import json
import sys
import xml.etree.ElementTree as xml
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Protocol

from assay.base.strict import Json, Members
from assay.base.trouble import NoOutput
from assay.replay.verdict import GREEN, VOTES, Verdict, Vote
from assay.suite.collection import Invalid


@dataclass(frozen=True)
class End:
    """How a replay ended."""

    counts: Mapping[str, Mapping[Vote, int]]  # by engine
    unreadable: int
    complaints: Sequence[str]
    interrupted: bool
    corpus: str  # digest of the vector files, after the run
    code: int

    def members(self) -> Members:
        counts: Members = {name: of_votes(votes) for name, votes in self.counts.items()}
        complaints: list[Json] = list(self.complaints)
        found: Members = {"end": True, "done": not self.interrupted, "interrupted": self.interrupted}
        found |= {"code": self.code, "counts": counts, "unreadable": self.unreadable}
        return found | {"complaints": complaints, "corpus": self.corpus}


def of_votes(counts: Mapping[Vote, int]) -> Members:
    return {vote.value: counts.get(vote, 0) for vote in VOTES}


class Sink(Protocol):
    """Where verdicts go."""

    def begin(self, header: Members) -> None: ...

    def add(self, verdict: Verdict, file: str) -> None: ...

    def invalid(self, entry: Invalid) -> None: ...

    def ending(self, engine: str, message: str) -> None: ...

    def close(self, end: End) -> None: ...


def opened(path: str) -> IO[str]:
    if path == "-":
        return sys.stdout
    try:
        return Path(path).open("w", encoding="utf-8")
    except OSError as error:
        raise NoOutput(f"{path}: cannot be written: {error.strerror}") from None


class JsonLines:
    """A header, one object a verdict, and a last one with `end`."""

    def __init__(self, path: str) -> None:
        self.stream = opened(path)

    def begin(self, header: Members) -> None:
        self.write(header)

    def add(self, verdict: Verdict, file: str) -> None:
        line: Members = {"case": verdict.case, "file": file, "engine": verdict.engine, "verdict": verdict.vote.value}
        if not verdict.passed:
            line |= of_failure(verdict)
        self.write(line)

    def invalid(self, entry: Invalid) -> None:
        line: Members = {"case": entry.id, "file": entry.file, "verdict": Vote.UNREADABLE.value}
        self.write(line | {"offset": entry.offset, "message": entry.message})

    def ending(self, engine: str, message: str) -> None:
        self.write({"engine": engine, "ending": message})

    def write(self, line: Members) -> None:
        print(json.dumps(line), file=self.stream, flush=True)

    def close(self, end: End) -> None:
        self.write(end.members())
        if self.stream is not sys.stdout:
            self.stream.close()


def of_failure(verdict: Verdict) -> Members:
    """What a verdict other than a pass says beside its word."""
    first = verdict.first
    line: Members = {"kind": verdict.kind.value if verdict.kind else None, "message": verdict.message or verdict.text}
    line |= {"rule": first.cause.rule or None if first else None, "signature": first.signature if first else None}
    line |= {"first": first.members()["divergence"] if first else None}
    if verdict.differences:
        line |= {"flavour": verdict.flavour.value if verdict.flavour else None, "step": verdict.step}
        line["differences"] = [
            {"field": entry.field, "expected": entry.expected, "got": entry.got} for entry in verdict.differences
        ]
    return line | ({"reason": verdict.reason} if verdict.reason else {})


class Junit:
    """One test suite an engine; written at the end, also after an interrupt.

    Wrong by a difference is a failure, everything else that is red an error; known, cannot where it is allowed, and
    not applicable are skipped, with their word.
    """

    def __init__(self, path: str, walls: Mapping[str, str], allowed: Sequence[Vote] = ()) -> None:
        opened(path).close()
        self.walls = walls
        self.green = (*GREEN, *allowed)
        self.path = Path(path)
        self.header: Members = {}
        self.suites: dict[str, xml.Element] = {}

    def begin(self, header: Members) -> None:
        self.header = header

    def add(self, verdict: Verdict, file: str) -> None:
        entry = self.case(verdict.engine, verdict.case, file)
        if verdict.passed:
            return
        is_failure = verdict.vote == Vote.WRONG and not verdict.is_broken
        tag = "skipped" if verdict.vote in self.green else "failure" if is_failure else "error"
        words = f"{verdict.vote.value}: {verdict.reason or verdict.text}"
        problem = xml.SubElement(entry, tag, message=words)
        if tag != "skipped":
            problem.set("type", verdict.kind.value if verdict.kind else verdict.vote.value)
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

    def close(self, end: End) -> None:
        for complaint in end.complaints:
            xml.SubElement(self.case("replay", "complaint", ""), "error", message=complaint)
        root = xml.Element("testsuites", name="assay replay", corpus=end.corpus)
        if end.interrupted:
            root.set("interrupted", "true")
        for name, suite in self.suites.items():
            if name in self.walls:
                properties = xml.Element("properties")
                xml.SubElement(properties, "property", name="sandbox", value=self.walls[name])
                suite.insert(0, properties)
            suite.set("tests", str(len(suite.findall("testcase"))))
            for tag, total in (("failure", "failures"), ("error", "errors"), ("skipped", "skipped")):
                suite.set(total, str(len(suite.findall(f"testcase/{tag}"))))
            root.append(suite)
        xml.ElementTree(root).write(self.path, encoding="utf-8", xml_declaration=True)
