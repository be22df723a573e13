"""The mutants of a C file, found in its syntax tree. Assertions and text are left alone."""

from collections.abc import Iterator
from itertools import pairwise

import tree_sitter_c
from tree_sitter import Language, Node, Parser

from assay.mutate.site import ARITHMETIC, NOT_COMMUTATIVE, RELATIONS, Kind, Mutant, numbered

PARSER = Parser(Language(tree_sitter_c.language()))
LEFT_ALONE = frozenset(("assert", "static_assert", "_Static_assert", "sizeof", "offsetof"))
SKIPPED = frozenset(("preproc_include", "comment", "string_literal", "sizeof_expression", "attribute_specifier"))
CONDITIONS = frozenset(("if_statement", "while_statement", "do_statement", "for_statement", "conditional_expression"))
SIZED = frozenset(("array_declarator", "bitfield_clause", "enumerator", "field_declaration"))


def mutants(file: str, source: bytes) -> list[Mutant]:
    """Every mutant of a file, in the order of its text."""
    lines = source.decode("utf-8").splitlines()
    found = []
    for node, kind, after in _walk(PARSER.parse(source).root_node):
        row = node.start_point[0]
        before = source[node.start_byte : node.end_byte].decode()
        if before != after:
            context = lines[row].strip()
            found.append(Mutant(file, row + 1, node.start_byte, node.end_byte, kind, before, after, context))
    return numbered(sorted(found, key=lambda mutant: (mutant.start, mutant.end, mutant.after)))


Change = tuple[Node, Kind, str]


def _walk(node: Node) -> Iterator[Change]:
    if node.type in SKIPPED or _is_left_alone(node):
        return
    yield from _changes(node)
    for child in node.children:
        yield from _walk(child)


def _is_left_alone(node: Node) -> bool:
    if node.type == "expression_statement":
        return bool(node.named_children) and _is_left_alone(node.named_children[0])
    if node.type in ("call_expression", "static_assert_declaration"):
        function = node.child_by_field_name("function")
        return node.type != "call_expression" or (function is not None and _text(function) in LEFT_ALONE)
    return node.type == "preproc_def" and node.child_by_field_name("value") is None


def _changes(node: Node) -> Iterator[Change]:
    match node.type:
        case "binary_expression":
            yield from _binary(node)
        case "number_literal":
            yield from _number(node)
        case "expression_statement":
            yield node, Kind.STATEMENT, ";"
        case "unary_expression":
            yield from _unary(node)
        case "initializer_list":
            yield from _entries(node)
        case "case_statement":
            yield from _fallen_case(node)
        case "true" | "false":
            yield node, Kind.CONSTANT, "false" if node.type == "true" else "true"
    if node.type in CONDITIONS:
        yield from _condition(node)


def _binary(node: Node) -> Iterator[Change]:
    left, operator, right = (node.child_by_field_name(name) for name in ("left", "operator", "right"))
    if left is None or operator is None or right is None:
        return
    sign = _text(operator)
    for other in RELATIONS.get(sign, ()):
        yield operator, Kind.RELATION, other
    for other in ARITHMETIC.get(sign, ()):
        yield operator, Kind.ARITHMETIC, other
    if sign in ("&&", "||"):
        yield node, Kind.HALF, _text(left)
        yield node, Kind.HALF, _text(right)
    if sign in NOT_COMMUTATIVE:
        yield node, Kind.OPERANDS, f"{_text(right)} {sign} {_text(left)}"


def _number(node: Node) -> Iterator[Change]:
    parent = node.parent
    if parent is not None and parent.type in SIZED and parent.type != "enumerator":
        return
    digits = _text(node).rstrip("uUlL")
    try:
        value = int(digits, 0)
    except ValueError:
        return
    suffix = _text(node)[len(digits) :]
    yield node, Kind.CONSTANT, f"{value + 1}{suffix}"
    if value > 1:
        yield node, Kind.CONSTANT, f"{value - 1}{suffix}"
    elif value == 1:
        yield node, Kind.CONSTANT, f"0{suffix}"


def _unary(node: Node) -> Iterator[Change]:
    operator, argument = node.child_by_field_name("operator"), node.child_by_field_name("argument")
    if operator is not None and argument is not None and _text(operator) in ("!", "~", "-"):
        yield node, Kind.CONDITION if _text(operator) == "!" else Kind.ARITHMETIC, _text(argument)


def _entries(node: Node) -> Iterator[Change]:
    """Two neighbours of a list trade places: a wrong row of a table."""
    entries = [child for child in node.named_children if child.type not in ("comment", "ERROR")]
    values = [_value(entry) for entry in entries]
    for value, other in pairwise(values):
        if value is not None and other is not None and _text(value) != _text(other):
            yield value, Kind.ENTRY, _text(other)


def _value(entry: Node) -> Node | None:
    """What a row says; `[index] = value` and `.member = value` keep their names."""
    if entry.type == "initializer_pair":
        return entry.child_by_field_name("value")
    return entry if entry.type in ("identifier", "number_literal", "field_expression") else None


def _fallen_case(node: Node) -> Iterator[Change]:
    """A label that shares its body with the next one loses it."""
    value = node.child_by_field_name("value")
    if value is not None and len(node.named_children) == 1 and value.type == "number_literal":
        return
    if value is not None and len(node.named_children) == 1:
        yield node, Kind.ENTRY, ""


def _condition(node: Node) -> Iterator[Change]:
    condition = node.child_by_field_name("condition")
    if condition is None or node.type in ("while_statement", "do_statement", "for_statement"):
        return
    inner = condition.named_children[0] if condition.type == "parenthesized_expression" else condition
    if inner.type not in ("binary_expression", "unary_expression"):
        yield inner, Kind.CONDITION, f"!({_text(inner)})"


def _text(node: Node) -> str:
    return (node.text or b"").decode()
