"""Cards against their judge, on mutants of the reference.

    python -m card_campaign --mutants 200 --each 12 --seed 1 --out FILE

A mutant's failing cases are located, and card_judge.py, which shares no line with the cards, says where the two first
part. One JSON line a card: verdict exact, nearby, wrong or unknown. Where the judge finds that the mutant's answers
change with what memory held, a card that says so is unsteady, and one that gives one of them is one of several; neither
is counted as exact.
"""

import argparse
import contextlib
import json
import random
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import cast

from assay.base import paths
from assay.base.level import Flavour
from assay.engines import catalog
from assay.locate.divergence import Divergence, Unit
from assay.locate.locate import Question, locate
from assay.mutate import campaign
from assay.mutate.site import Mutant
from assay.mutate.workshop import Workshop, scratch
from assay.suite import collection

JUDGE = Path(__file__).with_name("card_judge.py")
ENOUGH = 8  # times the cases that are wanted, to choose from
SECONDS = 6.0  # in which a replay says nothing; then it hangs
UNITS = {
    "load": {"load", "engine error"},
    "refusal": {"refusal", "end of a call", "engine error"},
    "instruction": {"instruction", "engine garbage"},
    "block": {"block"},
    "end": {"end", "engine error"},
    "event": {"kernel event", "engine error"},
    "result": {"end of a call", "engine error"},
    "dump": {"end of a call", "engine error"},
    "world": {"end of a call", "engine error"},
    "genesis": {"chain event", "engine error"},
    "chain": {"chain event", "engine error"},
    "codec": {"codec", "engine error"},
    "unsupported": {"engine error"},
    "died": {"engine died"},
    "hung": {"engine hung"},
}
IN_GUEST = ("run", "resume", "world_run", "world_resume", "chain_apply")
NO_INDEX = ("load", "refusal", "end", "result", "dump", "world", "genesis", "chain", "codec", "unsupported")


def failing(library: str, files: list[Path], most: int) -> dict[str, Path]:
    """Some cases that do not pass, and where they stand; a death or a hang is the case it began."""
    found: dict[str, Path] = {}
    first, deaths, is_over = 0, 0, False
    while deaths < 4 and not is_over:
        begun: dict[str, object] | None = None
        argv = [str(paths.native()), "replay", "--records", "--engine", library, "--from", str(first)]
        for line in played([*argv, *map(str, files)]):
            if "begin" in line:
                begun = line
            elif line.get("verdict") not in ("pass", "invalid", None) and not cannot(line):
                found[str(line["case"])] = Path(str(line["file"]))
            is_over = line.get("done") is True or len(found) >= ENOUGH * most
            if is_over:
                break
        if begun is not None and not is_over:
            found[str(begun["begin"])] = Path(str(begun["file"]))
            first, deaths = cast("int", begun["index"]) + 1, deaths + 1
        is_over = is_over or begun is None
    return found


def played(argv: list[str]) -> Iterator[dict[str, object]]:
    """The lines of a replay; it is ended where it says nothing for long, and when nobody wants more."""
    with subprocess.Popen(argv, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as process:
        assert process.stdout is not None
        said = [0]
        threading.Thread(target=watch, args=(process, said), daemon=True).start()
        try:
            for text in process.stdout:
                said[0] += 1
                if text.endswith(b"}\n"):
                    yield json.loads(text)
        finally:
            process.kill()


def watch(process: subprocess.Popen[bytes], said: list[int]) -> None:
    """Ends a process that has said nothing more for SECONDS."""
    before = -1
    while process.poll() is None and said[0] != before:
        before = said[0]
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(SECONDS)
    process.kill()


def cannot(line: dict[str, object]) -> bool:
    """Whether an engine says that it lacks what the case needs: nothing was asked, so there is nothing to locate."""
    return line["verdict"] == "error" and " lacks " in str(line.get("message"))


def judged(library: str, cases: dict[str, Path], *options: str) -> dict[str, dict[str, object]]:
    ref = str(paths.build("release") / "lib" / "libassay_ref.so")
    files = sorted({str(file) for file in cases.values()})
    done = subprocess.run(
        [sys.executable, "-I", str(JUDGE), *options, ref, library, *files, *cases],
        capture_output=True,
        text=True,
        check=False,
    )
    lines = [json.loads(text) for text in done.stdout.splitlines()]
    if done.returncode:
        print(done.stderr[-2000:], file=sys.stderr)
    return {line["case"]: line for line in lines}


def compared(found: Divergence | None, truth: dict[str, object]) -> str:
    """exact, nearby, wrong or unknown."""
    if truth["kind"] in (None, "long", "expected broke"):
        return "judge: agree" if found is None else f"judge: {truth['kind']}"
    if found is None:
        return "unknown"
    cause = found.cause
    if cause.flavours == {Flavour.PRODUCTION} and isinstance(truth.get("production"), dict):
        truth = cast("dict[str, object]", truth["production"])  # a card says in which code it is
    kind = str(truth["kind"])
    same_step = cause.step == (None if truth["step"] == -1 else truth["step"])
    if not same_step:
        return "wrong"
    if cause.unit.value not in UNITS[kind]:
        return "nearby"
    if kind in NO_INDEX:
        return "exact"
    if kind in ("died", "hung") and cause.during != truth["during"]:
        return "nearby"
    if kind in ("died", "hung") and truth["during"] not in IN_GUEST:
        return "exact"
    if kind in ("died", "hung") and cause.record is None:
        return "exact" if truth["index"] == 0 else "nearby"
    return "exact" if cause.record == truth["index"] else "nearby"


def add_answer(again: dict[str, object], first: dict[str, object] | None) -> None:
    """What the judge found at first is an answer as well."""
    answers = cast("list[dict[str, object]]", again["answers"])
    if first is not None and first not in answers:
        answers.append(first)
        again["steady"] = False


def compared_again(found: Divergence | None, verdict: str, again: dict[str, object] | None) -> str:
    """The verdict on a miss, once the judge has looked whether the mutant's answers repeat."""
    if again is None or again["steady"]:
        return verdict
    if found is not None and found.cause.unit == Unit.UNSTEADY:
        return "unsteady"
    answers = cast("list[dict[str, object]]", again["answers"])
    is_one = any(compared(found, answer) in ("exact", "judge: agree") for answer in answers)
    return "one of several" if is_one else verdict


def cards_of(mutant: Mutant, workshop: Workshop, files: list[Path], each: int, chooser: random.Random) -> Iterator[str]:
    with scratch() as folder:
        built = workshop.build(mutant, Path(folder))
        if built.reason:
            return
        cases = failing(built.engine, chooser.sample(files, len(files)), each)
        chosen = dict(chooser.sample(sorted(cases.items()), min(each, len(cases))))
        if not chosen:
            return
        truths = judged(built.engine, chosen)
        entries = [e for e in collection.read(sorted(set(chosen.values()))).entries if e.id in chosen]
        target = catalog.parse(f"mutant={built.engine}")
        started = time.monotonic()
        located = list(locate(catalog.parse("model"), target, [Question(entry) for entry in entries], 5.0))
        seconds = (time.monotonic() - started) / len(entries)
        verdicts = [
            compared(found, truths.get(entry.id, {"kind": None})) for entry, found in zip(entries, located, strict=True)
        ]
        missed = {e.id: chosen[e.id] for e, verdict in zip(entries, verdicts, strict=True) if verdict != "exact"}
        again = judged(built.engine, missed, "--again") if missed else {}
        for identity, answer in again.items():
            add_answer(answer, truths.get(identity))
        for entry, found, verdict in zip(entries, located, verdicts, strict=True):
            truth = again.get(entry.id) or truths.get(entry.id, {"kind": None})
            line: dict[str, object] = {"mutant": mutant.id, "where": str(mutant), "case": entry.id}
            line |= {
                "verdict": compared_again(found, verdict, again.get(entry.id)),
                "truth": truth,
                "seconds": round(seconds, 3),
            }
            line["card"] = found.members()["divergence"] if found else None
            yield json.dumps(line)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--mutants", type=int, default=100)
    parser.add_argument("--each", type=int, default=6)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--keyword", default="")
    parser.add_argument("--out", type=Path, required=True)
    wanted = parser.parse_args()
    chooser = random.Random(wanted.seed)
    mutants = campaign.sample(campaign.mutants_of("ref", wanted.keyword), wanted.mutants, wanted.seed)
    chooser.shuffle(mutants)
    files = sorted(file for file in paths.VECTORS.rglob("*.json") if file.parent.name != "programs")
    workshop = Workshop("ref")
    counts: Counter[str] = Counter()
    with wanted.out.open("a") as out:
        for mutant in mutants:
            for text in cards_of(mutant, workshop, files, wanted.each, chooser):
                out.write(text + "\n")
                out.flush()
                counts[json.loads(text)["verdict"]] += 1
            print(f"{mutant}: {dict(counts)}", flush=True)


if __name__ == "__main__":
    main()
