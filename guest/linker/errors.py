"""What a refusal says: what is wrong, where, and what to do."""


class LinkError(Exception):
    """The input is no guest. `place` names an address, a section or a symbol of the file."""

    def __init__(self, problem: str, place: str = "", advice: str = "") -> None:
        self.problem, self.place, self.advice = problem, place, advice
        text = f"{place}: {problem}" if place else problem
        super().__init__(f"{text}; {advice}" if advice else text)
