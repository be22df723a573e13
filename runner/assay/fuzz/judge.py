"""From an input that a fuzzer kept to a find: played alone on every engine, named, and kept under its signature."""

import json
import os
import re
import subprocess
import tempfile
from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path

from assay.base import exit_code, paths
from assay.base.strict import Members, Wrong
from assay.base.trouble import Trouble
from assay.corpus import fill, found
from assay.engines import catalog
from assay.engines.catalog import Target
from assay.finds.store import Find, Kept, Store
from assay.fuzz import builds, inputs
from assay.fuzz.part import SANITIZERS
from assay.locate import card, locate
from assay.locate.locate import Question
from assay.shrink import shrink
from assay.suite import collection
from assay.suite.collection import Entry

ALONE = 30.0  # seconds that an input has when it is played alone
SUMMARY = re.compile(rb"SUMMARY: (\S+): (\S+)(?: .*?)?(?: in (\S+))?$", re.M)


@dataclass(frozen=True)
class Judge:
    """Judges inputs of a campaign, one after the other."""

    store: Store
    engines: tuple[Target, ...]  # the first one's answers are expected of the others
    shrink_seconds: float = 0  # of each find; 0: it stays as it is

    def judge(self, file: Path, target: str) -> Kept:
        """Keeps what the input shows; what does not show again is kept as flaky."""
        source = file.read_bytes()
        ended = self.alone(file)
        find = self.divergence(file, target) if ended == "differed" else None
        find = find or self.breakdown(file, target, ended) or self.sanitized(file, target) or self.flaky(file, target)
        return self.store.add(find, source)

    def alone(self, file: Path) -> str:
        """How an execution on our engines ends: agreed, differed, hang, or signal N."""
        argv = [str(inputs.program(paths.native())), "run", *self.options(self.engines), str(file)]
        try:
            done = subprocess.run(argv, capture_output=True, stdin=subprocess.DEVNULL, timeout=ALONE)
        except subprocess.TimeoutExpired:
            return "hang"
        known = {exit_code.AGREED: "agreed", exit_code.DIFFERED: "differed"}
        return known.get(done.returncode, f"signal {-done.returncode}" if done.returncode < 0 else "error")

    @staticmethod
    def options(engines: Iterable[Target]) -> list[str]:
        return [word for engine in engines for word in ("--engine", engine.spec)]

    # What differs

    def divergence(self, file: Path, target: str) -> Find:
        """The find of an input on which engines differ; one that nobody can name is kept all the same."""
        try:
            return self.named(file, target)
        except (Trouble, Wrong, ValueError) as error:
            return self.plain(file, target, f"{target}_unnamed", f"engines differ, and no card could be made: {error}")

    def named(self, file: Path, target: str) -> Find:
        """With the specification as the judge."""
        votes = self.votes(file)
        wrong = next((engine for engine in self.engines if not votes.get(engine.name, True)), None)
        (played,) = inputs.play([file], self.engines)
        engine = wrong or self.engines[-1]
        if target == "reader":
            return self.plain(file, target, f"reader_{played.differences[0][0].split(',')[0]}", str(played.differences))
        (shown,) = inputs.show([file], catalog.parse(catalog.MODEL))
        text = vector_file(shown)
        with tempfile.TemporaryDirectory(prefix="assay-find-") as folder:
            place = Path(folder) / "case.json"
            place.write_text(text)
            return self.located(place, engine, votes, played, text)

    def located(self, place: Path, engine: Target, votes: dict[str, bool], played: inputs.Played, text: str) -> Find:
        (entry,) = collection.read([str(place)]).entries
        expected = catalog.parse(catalog.MODEL)
        question = Question(entry, f"./assay diff -e model -e {engine.option} {place.name}", votes, has_failed=True)
        (located,) = locate.locate(expected, engine, [question])
        if located is None:
            field = re.sub(r"[^a-z0-9]+", "_", played.differences[0][0].lower()).strip("_")
            signature = f"{played.target}_{played.flavour}_{field}"[:60]
            return Find(signature, text, str(played.differences), engine.name, votes=votes)
        size = len(entry.text())
        find = Find(located.signature, text, card.render(located), engine.name, located.repro, votes, size=size)
        return find if self.is_small_already(find) else self.smaller(find, entry, engine)

    def is_small_already(self, find: Find) -> bool:
        """One that shows the same is as small as it gets: this one only counts."""
        known = find.signature in self.store.signatures() and self.store.get(find.signature).find
        return self.shrink_seconds == 0 or bool(known and known.is_minimal and not known.is_flaky)

    def smaller(self, find: Find, entry: Entry, engine: Target) -> Find:
        case = entry.kernel() if entry.is_kernel else entry.machine()
        shrunk = shrink.shrink(case, engine, self.shrink_seconds, signature=find.signature)
        if shrunk.divergence is None or shrunk.is_flaky:
            return replace(find, is_flaky=shrunk.is_flaky)
        divergence = replace(shrunk.divergence, votes=find.votes, repro=find.repro)
        note = f"shrunk from an input of the fuzzer, fails on {engine.name}"
        try:
            text = found.vector_file(f"s_{find.signature}", found.text_of(shrunk.case, [divergence.cause.rule], note))
        except fill.FillError:
            return find
        shown = card.render(divergence)
        return replace(find, case=text, card=shown, size=shrunk.instructions, is_minimal=shrunk.is_minimal)

    def votes(self, file: Path) -> dict[str, bool]:
        """Which engines agree with the specification on this input."""
        model = catalog.parse(catalog.MODEL)
        votes = {model.name: True}
        for engine in self.engines:
            try:
                (played,) = inputs.play([file], [model, engine], catalog.MODEL_TIMEOUT)
                votes[engine.name] = not played.is_different
            except Trouble:
                votes[engine.name] = False
        return votes

    # What breaks

    def breakdown(self, file: Path, target: str, ended: str) -> Find | None:
        """An engine of ours, or the harness, that crashes or does not end."""
        if ended in ("agreed", "differed"):
            return None
        who = next((engine.name for engine in self.engines if self.breaks(file, engine)), "harness")
        words = f"{who} on an input of the target {target}: {ended}"
        return replace(self.plain(file, target, f"{target}_{ended.replace(' ', '_')}_{who}", words), engine=who)

    def breaks(self, file: Path, engine: Target) -> bool:
        argv = [str(inputs.program(paths.native())), "run", *self.options((engine, engine)), str(file)]
        try:
            done = subprocess.run(argv, capture_output=True, stdin=subprocess.DEVNULL, timeout=ALONE)
        except subprocess.TimeoutExpired:
            return True
        return done.returncode < 0

    def sanitized(self, file: Path, target: str) -> Find | None:
        """What the build with sanitizers says of the input, if it says anything."""
        program = builds.program(builds.LIBFUZZER, target)
        if not program.exists():
            return None
        argv = [str(program), f"-timeout={ALONE:.0f}", str(file)]
        env = os.environ | SANITIZERS | {"ASSAY_FUZZ_KEEP": "1"}
        try:
            done = subprocess.run(argv, capture_output=True, stdin=subprocess.DEVNULL, timeout=2 * ALONE, env=env)
        except subprocess.TimeoutExpired:
            return self.plain(file, target, f"{target}_hang_sanitized", "it does not end under the sanitizers")
        said = done.stdout + done.stderr
        summary = SUMMARY.search(said)
        if done.returncode == 0 or (summary is None and b"runtime error" not in said):
            return None
        place = b" ".join(part or b"" for part in summary.groups()) if summary else b"undefined behaviour"
        name = re.sub(r"[^a-z0-9]+", "_", place.decode(errors="replace").lower().split("/")[-1]).strip("_")
        return self.plain(file, target, f"{target}_{name}"[:70], said[-6000:].decode(errors="replace"))

    def flaky(self, file: Path, target: str) -> Find:
        return replace(self.plain(file, target, f"{target}_once", "it did not show again"), is_flaky=True)

    def plain(self, file: Path, target: str, name: str, words: str) -> Find:
        """A find without a card: its case is the input itself, in words."""
        signature = re.sub(r"[^A-Za-z0-9._-]+", "_", name)[:79].strip("_")
        return Find(signature, self.case_text(file, target), words, "", f"./assay fuzz run {file.name}")

    def case_text(self, file: Path, target: str) -> str:
        """As the specification plays it; of an input that nobody can show, its bytes."""
        try:
            (shown,) = inputs.show([file], catalog.parse(catalog.MODEL))
            return vector_file(shown)
        except Trouble:
            return file.read_bytes().hex() + "\n"


def vector_file(shown: inputs.Shown) -> str:
    """A file of this one case."""
    is_machine = shown.target == "machine"
    head: Members = {"schema": "assay-machine-1" if is_machine else "assay-kernel-1", "area": "fuzz", "subject": "find"}
    head["votes"] = [catalog.MODEL]
    if not is_machine:
        head["images"] = {}
    return json.dumps(head)[:-1] + f', "cases": [\n{json.dumps(shown.case)}\n]}}\n'
