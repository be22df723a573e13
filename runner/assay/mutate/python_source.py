"""The mutants of a Python file of the model, found in its syntax tree. Names of rules and text are left alone."""

import ast
from collections.abc import Iterator

from assay.mutate.site import ARITHMETIC, NOT_COMMUTATIVE, RELATIONS, Kind, Mutant, numbered

COMPARE = {
    ast.Lt: "<",
    ast.LtE: "<=",
    ast.Gt: ">",
    ast.GtE: ">=",
    ast.Eq: "==",
    ast.NotEq: "!=",
    ast.In: "in",
    ast.NotIn: "not in",
    ast.Is: "is",
    ast.IsNot: "is not",
}
OPERATOR = {
    ast.Add: "+",
    ast.Sub: "-",
    ast.Mult: "*",
    ast.FloorDiv: "//",
    ast.Mod: "%",
    ast.LShift: "<<",
    ast.RShift: ">>",
    ast.BitAnd: "&",
    ast.BitOr: "|",
    ast.BitXor: "^",
}
NEGATED = {"in": "not in", "not in": "in", "is": "is not", "is not": "is"}
REPORTS = frozenset(("rule", "several"))  # calls that only tell a listener which rule decided


class Source:
    """A file's text and where its lines begin, in bytes."""

    def __init__(self, file: str, source: bytes) -> None:
        self.file = file
        self.source = source
        self.lines = source.splitlines(keepends=True)
        self.starts = [0]
        for line in self.lines:
            self.starts.append(self.starts[-1] + len(line))

    def span(self, node: ast.expr | ast.stmt) -> tuple[int, int]:
        if node.end_lineno is None or node.end_col_offset is None:
            raise ValueError(f"{self.file}:{node.lineno}: the tree has no end here")
        return self.starts[node.lineno - 1] + node.col_offset, self.starts[node.end_lineno - 1] + node.end_col_offset

    def text(self, node: ast.expr | ast.stmt) -> str:
        start, end = self.span(node)
        return self.source[start:end].decode()

    def mutant(self, start: int, end: int, kind: Kind, after: str) -> Mutant:
        line = next(at for at, begin in enumerate(self.starts) if begin > start)
        context = self.lines[line - 1].decode().strip()
        return Mutant(self.file, line, start, end, kind, self.source[start:end].decode(), after, context)


def mutants(file: str, source: bytes) -> list[Mutant]:
    """Every mutant of a file, in the order of its text."""
    text = Source(file, source)
    found = list(_walk(ast.parse(source), text))
    return numbered(sorted(found, key=lambda mutant: (mutant.start, mutant.end, mutant.after)))


def _walk(node: ast.AST, text: Source) -> Iterator[Mutant]:
    if _is_left_alone(node):
        return
    match node:
        case ast.Compare():
            yield from _compare(node, text)
        case ast.BinOp():
            yield from _binary(node, text)
        case ast.BoolOp():
            yield from _halves(node, text)
        case ast.Constant(value=bool() | int()):
            yield from _constant(node, text)
        case ast.If() | ast.IfExp() if not isinstance(node.test, ast.Compare | ast.BoolOp):
            start, end = text.span(node.test)
            yield text.mutant(start, end, Kind.CONDITION, f"(not ({text.text(node.test)}))")
        case ast.Assign() | ast.AugAssign() | ast.Raise():
            start, end = text.span(node)
            yield text.mutant(start, end, Kind.STATEMENT, "pass")
        case ast.Expr(value=ast.Call()):
            start, end = text.span(node)
            yield text.mutant(start, end, Kind.STATEMENT, "pass")
    for child in ast.iter_child_nodes(node):
        if not _is_annotation(node, child):
            yield from _walk(child, text)


def _is_left_alone(node: ast.AST) -> bool:
    if isinstance(node, ast.Expr):
        value = node.value
        if isinstance(value, ast.Constant):
            return True
        return isinstance(value, ast.Call) and isinstance(value.func, ast.Name) and value.func.id in REPORTS
    if isinstance(node, ast.If):  # it decides only what is told
        return not node.orelse and all(isinstance(line, ast.Expr) and _is_left_alone(line) for line in node.body)
    return isinstance(node, ast.Import | ast.ImportFrom | ast.AnnAssign | ast.Assert)


def _is_annotation(node: ast.AST, child: ast.AST) -> bool:
    return child is getattr(node, "annotation", None) or child is getattr(node, "returns", None)


def _compare(node: ast.Compare, text: Source) -> Iterator[Mutant]:
    if len(node.ops) != 1:
        return
    sign = COMPARE[type(node.ops[0])]
    left, right = text.text(node.left), text.text(node.comparators[0])
    start, end = text.span(node.left)[1], text.span(node.comparators[0])[0]
    for other in RELATIONS.get(sign, ()) or (NEGATED[sign],):
        before = text.source[start:end].decode()
        yield text.mutant(start, end, Kind.RELATION, before.replace(sign, other, 1))
    if sign in NOT_COMMUTATIVE:
        whole = text.span(node)
        yield text.mutant(*whole, Kind.OPERANDS, f"{right} {sign} {left}")


def _binary(node: ast.BinOp, text: Source) -> Iterator[Mutant]:
    sign = OPERATOR.get(type(node.op))
    if sign is None:
        return
    start, end = text.span(node.left)[1], text.span(node.right)[0]
    before = text.source[start:end].decode()
    for other in ARITHMETIC.get(sign, ()):
        yield text.mutant(start, end, Kind.ARITHMETIC, before.replace(sign, other, 1))
    if sign in NOT_COMMUTATIVE:
        whole = text.span(node)
        yield text.mutant(*whole, Kind.OPERANDS, f"({text.text(node.right)}) {sign} ({text.text(node.left)})")


def _halves(node: ast.BoolOp, text: Source) -> Iterator[Mutant]:
    """One half at a time is left out."""
    joint = " and " if isinstance(node.op, ast.And) else " or "
    start, end = text.span(node)
    for left_out in node.values:
        rest = [f"({text.text(value)})" for value in node.values if value is not left_out]
        yield text.mutant(start, end, Kind.HALF, f"({joint.join(rest)})")


def _constant(node: ast.Constant, text: Source) -> Iterator[Mutant]:
    start, end = text.span(node)
    value = node.value
    if isinstance(value, bool):
        yield text.mutant(start, end, Kind.CONSTANT, str(not value))
    elif isinstance(value, int):
        yield text.mutant(start, end, Kind.CONSTANT, str(value + 1))
        if value > 0:
            yield text.mutant(start, end, Kind.CONSTANT, str(value - 1))
