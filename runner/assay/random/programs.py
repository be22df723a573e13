"""Random programs through two engines, a sample of them through the specification too."""

import subprocess
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from assay.base import strict
from assay.base.plain import plain
from assay.base.strict import Members
from assay.engines import catalog, endings
from assay.engines.catalog import Kind
from assay.engines.trouble import how_it_ended
from assay.random.plan import Outcome, Plan, Progress
from assay.replay.replay import replay
from assay.suite import collection

PIECE, PIECE_MAX = 2000, 50_000  # programs of one harness process: so few, large ones start the specification seldom
PIECE_ON_PIPES = 200
TIMEOUT = 300.0  # seconds for a piece
COUNTS = ("runs", "instructions", "rejected")
WORDS_MAX = 400


def play(plan: Plan, jobs: int = 1, progress: Progress | None = None) -> Outcome:
    """Plays the programs of a plan in pieces, side by side; stops after a piece that fails."""
    started = time.monotonic()
    total = Outcome()
    is_quick = all(target.kind == Kind.NATIVE for target in plan.pair)
    with ThreadPoolExecutor(jobs) as pool:
        size = min(max(PIECE, -(-plan.count // jobs)), PIECE_MAX) if is_quick else PIECE_ON_PIPES
        for outcome in pool.map(play_piece, plan.pieces(size)):
            total.add(outcome)
            if progress:
                progress(total.played)
            if total.is_bad:
                pool.shutdown(cancel_futures=True)
                break
    total.seconds = time.monotonic() - started
    return total


def play_piece(plan: Plan) -> Outcome:
    with tempfile.TemporaryDirectory(prefix="assay-random-") as folder:
        mark, sample = Path(folder, "mark"), Path(folder, "sample.json")
        argv = [str(plan.pair[0].harness), "lockstep", "--seed", str(plan.seed), "--first", str(plan.first)]
        argv += ["--count", str(plan.count), "--shape", plan.kind, "--mark", str(mark)]
        for target in plan.pair:
            argv += ["--engine", target.spec]
        if plan.vote_every:
            argv += ["--emit", str(sample), "--every", str(plan.vote_every)]
        outcome = run(plan, argv, mark)
        if plan.vote_every and sample.exists() and outcome.played:
            vote(outcome, sample)
        return outcome


def run(plan: Plan, argv: list[str], mark: Path) -> Outcome:
    try:
        done = subprocess.run(argv, capture_output=True, timeout=TIMEOUT, check=False)
        output, words = done.stdout, done.stderr.decode("utf-8", "replace").strip()
        how = f"{how_it_ended(done.returncode)}; {words[-WORDS_MAX:]}"
    except subprocess.TimeoutExpired as expired:
        output, how = expired.stdout or b"", f"no end after {TIMEOUT:g} s"
    outcome = Outcome()
    summary: Members = {}
    for line in filter(None, map(read_line, output.splitlines())):
        if line.get("done"):
            summary = line
        else:
            outcome.found.append(line)
            if "message" in line:  # an engine died, hung or answered garbage
                words = plain(strict.text(line["message"], "message"))
                outcome.broken.append(f"seed {plan.seed}, program {line['index']}: an engine broke: {words}")
    if summary:
        sum_up(outcome, summary)
        for name, words_at_end in endings.read(summary, [target.name for target in plan.pair]).items():
            outcome.broken.append(f"engine {name}: {words_at_end}")
    else:
        index = mark.read_text().strip() if mark.exists() else str(plan.first)
        outcome.broken.append(f"seed {plan.seed}, shape {plan.kind}, program {index}: an engine broke: {plain(how)}")
    return outcome


def sum_up(outcome: Outcome, summary: Members) -> None:
    outcome.played = strict.count(summary.get("programs"), "programs")
    for name in COUNTS:
        outcome.counts[name] = strict.count(summary.get(name), name)
    for name, times in strict.mapping(summary.get("exits"), "exits").items():
        outcome.ends[name] = strict.count(times, name)


def read_line(line: bytes) -> Members:
    """A line of the harness; nothing, if an engine that broke has cut it short."""
    try:
        return strict.mapping(strict.ours(line), "a line of assay-native lockstep")
    except (ValueError, strict.Wrong):
        return {}


def vote(outcome: Outcome, sample: Path) -> None:
    """The specification plays the sample; whatever it sees otherwise is a divergence."""
    played = collection.read([sample])
    entries = {entry.id: entry for entry in played.entries}
    for verdict in replay(played, catalog.parse(catalog.MODEL)):
        outcome.voted += 1
        if not verdict.passed:
            case = strict.ours(entries[verdict.case].text())
            outcome.found.append({"engines": ["model"], "case": case, "message": verdict.text})
