"""Which of many candidates still fail in the same way."""

from collections.abc import Sequence

from assay.base.level import Depth
from assay.engines.catalog import Target
from assay.engines.trouble import EngineError
from assay.locate.divergence import Divergence
from assay.locate.locate import Question, locate
from assay.suite import collection, given
from assay.suite.case import Case

BATCH = 400  # candidates of one process of the harness


class Judge:
    """Asks one pair of engines about candidates of one level; what was asked once is known."""

    def __init__(self, expected: Target, got: Target, depth: Depth, timeout: float, is_broken: bool = False) -> None:
        self.expected = expected
        self.got = got
        self.depth = depth
        self.timeout = timeout
        self.is_broken = is_broken  # the engine dies or hangs: it is played in a process of its own
        self.known: dict[str, str] = {}
        self.passed_over: set[str] = set()  # a quicker judge found nothing: never asked
        self.asked = 0

    def signatures(self, cases: Sequence[Case], first: Sequence["Judge"] = ()) -> list[str]:
        """The signature of each case's first difference; empty where there is none.

        Judges of `first` are quicker and are asked before: where one of them finds nothing, there is nothing.
        """
        texts = [str(given.of(case)) for case in cases]
        known = self.known.keys() | (self.passed_over if first else set())
        left = [(text, case) for text, case in dict(zip(texts, cases, strict=True)).items() if text not in known]
        for judge in first:
            found = judge.signatures([case for _, case in left])
            self.passed_over |= {text for (text, _), one in zip(left, found, strict=True) if not one}
            left = [one for one, signature in zip(left, found, strict=True) if signature]
        for at in range(0, len(left), BATCH):
            batch = left[at : at + BATCH]
            answers = self.ask([case for _, case in batch])
            self.known |= {text: signature for (text, _), signature in zip(batch, answers, strict=True)}
        return [self.known.get(text, "") for text in texts]

    def ask(self, cases: Sequence[Case]) -> list[str]:
        return [divergence.signature if divergence else "" for divergence in self.divergences(cases)]

    def divergences(self, cases: Sequence[Case]) -> list[Divergence | None]:
        self.asked += len(cases)
        named = {f"shrink/candidate/n{number}": case for number, case in enumerate(cases)}
        with given.vector_file(named, self.depth) as path:
            entries = {entry.id: entry for entry in collection.read([path], harness=self.got.harness).entries}
            questions = [Question(entries[name], is_broken=self.is_broken) for name in named if name in entries]
            found = dict(zip([one.entry.id for one in questions], self.located(questions), strict=True))
        return [found.get(name) for name in named]

    def located(self, questions: list[Question]) -> list[Divergence | None]:
        """Where the engine breaks so that a batch is lost, the cases are asked one by one."""
        if not questions:
            return []
        try:
            return locate(self.expected, self.got, questions, self.timeout)
        except EngineError:
            if len(questions) == 1:
                return [None]
        return [one for question in questions for one in self.located([question])]
