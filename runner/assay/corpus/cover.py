"""What the vectors cover: rules reached, rules contrasted, opcodes executed.

A rule is *reached* when the specification, run on some case, says that this rule decided something;
*contrasted* when one case decides it (`rules`) and another is its near miss (`against`). What a
case claims of itself is checked. An opcode is *executed* by an engine that ran it, not by standing
in a program.

    coverage = measure(files, {"ref": ["assay-native", "replay", "--cover", "--engine", PATH]})
    print(coverage.text)
"""

import json
import subprocess
from collections import Counter
from dataclasses import dataclass, field
from multiprocessing import Pool
from pathlib import Path

import model
from assay.corpus import kernel_table
from assay.engines.model import ModelEngine
from assay.suite import kernel_case
from assay.suite.play import Player

MODEL = "model"
OPCODES = {record.byte: record.name for record in model.table.INSN}
TIMEOUT = 600.0
NAMED_MAX = 8


@dataclass
class Coverage:
    cases: int = 0
    reached: Counter = field(default_factory=Counter)  # rule -> cases that reach it
    positive: Counter = field(default_factory=Counter)  # rule -> cases with it in `rules`
    negative: Counter = field(default_factory=Counter)  # rule -> cases with it in `against`
    executed: dict = field(default_factory=dict)  # engine -> names of the opcodes it executed
    problems: list = field(default_factory=list)  # one line each
    cells: Counter = field(default_factory=Counter)  # (operation, register, what it names)

    def missing(self):
        """(rule, reached, positive, negative) of every rule that lacks one of them."""
        rows = [(rule, self.reached[rule], self.positive[rule], self.negative[rule]) for rule in sorted(model.rules())]
        return [row for row in rows if not all(row[1:])]

    def unexecuted(self):
        """engine -> names of the opcodes it did not execute, in the order of isa.def."""
        return {
            engine: [name for name in OPCODES.values() if name not in names] for engine, names in self.executed.items()
        }

    @property
    def ok(self):
        unexecuted = self.unexecuted()
        bad = self.problems or self.missing() or any(unexecuted.values()) or self.empty_cells()
        return not bad and bool(self.cases)

    def empty_cells(self):
        """Operands of kernel operations that no case gives, if there are kernel cases at all."""
        return kernel_table.empty_cells(self.cells) if self.cells else []

    @property
    def totals(self):
        """The one line that says it all."""
        rules = model.rules()
        reached = sum(1 for rule in rules if self.reached[rule])
        contrasted = sum(1 for rule in rules if self.positive[rule] and self.negative[rule])
        by_count = {}
        for engine, names in self.unexecuted().items():
            by_count.setdefault(len(OPCODES) - len(names), []).append(engine)
        opcodes = ", ".join(
            f"{count} of {len(OPCODES)} opcodes executed by {', '.join(engines)}"
            for count, engines in sorted(by_count.items(), reverse=True)
        )
        text = f"{reached} of {len(rules)} rules reached, {contrasted} contrasted"
        return f"{text}; {opcodes}" if opcodes else text

    @property
    def text(self):
        """The incomplete rules as a table, what else is wrong, and the totals."""
        lines = []
        rows = self.missing()
        if rows:
            width = max(len(row[0]) for row in rows)
            lines.append(f"{'rule':<{width}}  reached  rules  against")
            lines += [f"{rule:<{width}}  {a:>7}  {b:>5}  {c:>7}" for rule, a, b, c in rows]
        for engine, names in self.unexecuted().items():
            if names:
                more = f" and {len(names) - NAMED_MAX} more" if len(names) > NAMED_MAX else ""
                lines.append(f"{engine} did not execute {', '.join(names[:NAMED_MAX])}{more}")
        for name, register, column in self.empty_cells():
            lines.append(f"no case gives {name} an r{register} that is {column}")
        if self.cells:
            lines.append(kernel_table.text(self.cells))
        return "\n".join([*lines, *self.problems, f"{self.cases} cases: {self.totals}"])

    def summary(self):
        """The same for machines."""
        return {
            "ok": self.ok,
            "cases": self.cases,
            "rules": {
                rule: {"reached": self.reached[rule], "rules": self.positive[rule], "against": self.negative[rule]}
                for rule in sorted(model.rules())
            },
            "opcodes": {engine: sorted(names) for engine, names in self.executed.items()},
            "operands": {f"{name} r{register} {column}": n for (name, register, column), n in self.cells.items()},
            "problems": self.problems,
        }


def measure(files, engines=None, jobs=1, timeout=TIMEOUT):
    """Plays the cases of vector files on the specification and on engines.

    `engines` maps a name to a command that takes the files as further arguments and prints the
    lines of `assay-native replay --cover`.
    """
    files = [str(file) for file in files]
    coverage = Coverage()
    seen = {}
    opcodes = set()
    for file, cases, cells, problem in over_files(files, jobs):
        coverage.cells.update(cells)
        if problem:
            coverage.problems.append(problem)
        for identity, claims, against, reached in cases:
            if identity in seen:
                coverage.problems.append(f"{file}: {identity} stands in {seen[identity]} too")
            seen[identity] = file
            add_case(coverage, identity, claims, against, reached)
            opcodes |= reached
    coverage.executed[MODEL] = {name for name in OPCODES.values() if f"isa/{name}" in opcodes}
    for name, argv in (engines or {}).items():
        coverage.executed[name] = executed_by(name, [*argv, *files], coverage.problems, timeout)
    if not coverage.cases:
        coverage.problems.append("no case was played; give vector files")
    return coverage


def over_files(files, jobs):
    if jobs == 1:
        return map(play_file, files)
    with Pool(jobs) as pool:
        return pool.map(play_file, files, chunksize=1)


def add_case(coverage, identity, claims, against, reached):
    """Counts a case and checks what it claims."""
    coverage.cases += 1
    coverage.reached.update(reached)
    coverage.positive.update(set(claims) & reached)
    coverage.negative.update(set(against) - reached)
    known = model.rules()
    for rule in [*claims, *against]:
        if rule not in known:
            coverage.problems.append(f"{identity}: no chapter has a rule {rule}")
    for rule in claims:
        if rule in known and rule not in reached:
            coverage.problems.append(f"{identity}: `rules` has {rule}, which is not reached")
    for rule in against:
        if rule in reached:
            coverage.problems.append(f"{identity}: `against` has {rule}, which is reached")


def play_file(file):
    """(file, [(id, rules, against, rules reached) of each case], operands, what is wrong with it)"""
    cells = kernel_table.new_cells()
    try:
        text = json.loads(Path(file).read_bytes())
        if "images" in text:
            found = [play_kernel_case(case, text["images"], cells) for case in text["cases"] if is_asked(case)]
        else:
            found = [play_case(case) for case in text["cases"]]
        return file, found, cells, None
    except OSError as error:
        return file, [], cells, f"{file}: it cannot be read: {error.strerror}"
    except (ValueError, KeyError, TypeError) as error:
        problem = f"{file}: it is no vector file ({error!r}); `assay replay` says where"
        return file, [], cells, problem


def is_asked(case):
    """Whether the specification can keep up with a case."""
    return MODEL in case.get("votes", (MODEL,))


def play_kernel_case(case, images, cells):
    """The same of a kernel case; its operands are counted."""
    with model.reached() as reached, kernel_table.counting(cells):
        kernel_case.judge(case, images, ModelEngine())
    return case["id"], case["rules"], case["against"], set(reached)


def play_case(case):
    """One case on the specification; which rules decided something."""
    with model.reached() as reached:
        player = Player(case, ModelEngine())
        if player.load() == "admitted":
            for step in case.get("steps", []):
                player.do(step)
    return case["id"], case["rules"], case["against"], set(reached)


def executed_by(name, argv, problems, timeout):
    """The opcodes that a native engine executed."""
    try:
        done = subprocess.run(argv, capture_output=True, timeout=timeout, check=False)
    except OSError as error:
        why = f"{argv[0]} cannot be started: {error.strerror}; build it first"
        problems.append(f"engine {name}: {why}")
        return set()
    except subprocess.TimeoutExpired:
        problems.append(f"engine {name}: no end after {timeout:g} s")
        return set()
    last, begun = last_lines(done.stdout)
    words = done.stderr.decode("utf-8", "replace").strip().splitlines()
    if "opcodes" not in last:
        where = f" in {begun}" if begun else ""
        said = f": {words[-1]}" if words else ""
        problems.append(f"engine {name}: it ended with code {done.returncode}{where}{said}")
        return set()
    if done.returncode != 0:
        failed = sum(last.get(verdict, 0) for verdict in ("fail", "error", "invalid"))
        problems.append(f"engine {name}: {failed} cases do not pass; `assay replay` shows them")
    return {OPCODES[int(byte)] for byte in last["opcodes"] if int(byte) in OPCODES}


def last_lines(output):
    """The `done` line, and the id of the case begun last."""
    last, begun = {}, ""
    for line in output.decode("utf-8", "replace").splitlines():
        try:
            entry = json.loads(line)
        except ValueError:
            continue
        if isinstance(entry, dict):
            begun = entry.get("begin") or begun
            last = entry if entry.get("done") is True else last
    return last, begun
