"""JMESPath over what strangers send, with limits: an expression cannot loop, explode, or take a delivery hostage.

An expression is compiled, and measured, when a source is saved. What it may do to a body is bounded by work: each step of the
interpreter and each value that a step touches cost one, long texts more, and `MAX_WORK` is all that one delivery gets.

It is the language of jmespath.org, with these differences:

- `map`, `merge`, `reverse`, `sort` and `sort_by` are left out. Projections, `min_by` and `max_by` do what a mapping needs.
- `to_string` takes no array and no object, and gives null for null: the text "null" would be one and the same id for everybody without one.
- `to_number` takes plain decimal numbers only.
- A literal in backquotes must be JSON; the old form without quotation marks is refused.
- Two values of different kinds are neither greater nor smaller: the comparison gives null.

Source: https://jmespath.org/specification.html
"""

from __future__ import annotations

import functools
import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import jmespath
from jmespath import exceptions, visitor
from jmespath import functions as library

from badgeissuer import problem
from badgeissuer.awarding import faults, loose
from badgeissuer.vc import document

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from pydantic import JsonValue

MAX_LENGTH = 500
"""Characters of an expression."""
MAX_TOKENS = 120
"""Names, signs and literals in an expression: the parser calls itself up to three times for each."""
MAX_DEPTH = 32
"""How deep the parts of an expression may nest."""
MAX_PROJECTIONS = 6
"""Projections in an expression: `[*]`, `.*`, `[]`, `[?…]` and slices."""
MAX_WORK = 100_000
"""What reading one delivery may cost, in steps of about a microsecond."""

_STEP = 64
"""Characters of a text that cost as much as a step."""
_CALL = 5
"""Steps that a call costs beside those for what it looks at: the library checks every argument."""
_TOKEN = re.compile(r"""'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*"|`(?P<literal>(?:[^`\\]|\\.)*)`|[A-Za-z0-9_]+|\S""", re.DOTALL)
_PROJECTIONS = {"projection", "value_projection", "filter_projection"}
_COMPARING = {"contains", "max", "min"}
_TAKES_EXPRESSION = {"max_by", "min_by"}
_LEFT_OUT = {"map", "merge", "reverse", "sort", "sort_by"}
_EQUALITIES = {"eq", "ne"}
_KINDS = {dict: "an object", list: "an array", str: "a text", bool: "true or false", int: "a number", float: "a number"}


class Unreadable(problem.Malformed):
    """An expression met something in the body that it cannot work on; the detail says what, without the value."""


@dataclass(frozen=True, slots=True)
class Path:
    """A compiled expression.

    Attributes:
        text: The expression.
        tree: What the library made of it.
    """

    text: str
    tree: Any


@functools.lru_cache(maxsize=1024)
def parse(text: str) -> Path:
    """Return an expression, compiled.

    Raises:
        ValueError: when it is no JMESPath, or larger than the limits; the text says what is wrong.
    """
    if len(text) > MAX_LENGTH:
        raise ValueError(f"the expression is longer than {MAX_LENGTH} characters")
    if faults.UNSTORABLE.search(text):
        raise ValueError("the expression holds NUL or half a surrogate pair")
    _check_tokens(text)
    try:
        tree = jmespath.compile(text).parsed
    except exceptions.ParseError as error:
        raise ValueError(f"it is no JMESPath; the fault is near character {error.lex_position + 1}") from None
    except (ValueError, RecursionError):
        raise ValueError("it is no JMESPath") from None
    _check_tree(tree)
    return Path(text, tree)


class Search(visitor.TreeInterpreter):
    """Looks for things in one delivery, and counts the work.

    Args:
        limit: The steps that it may take, over all expressions.
    """

    def __init__(self, limit: int = MAX_WORK) -> None:
        super().__init__(visitor.Options(custom_functions=_Functions(self)))
        self.left = limit
        self._methods: dict[str, Callable[..., Any]] = {}

    def find(self, path: Path, value: JsonValue) -> JsonValue:
        """Return what stands at a path in a value.

        Raises:
            Unreadable: when a function in it cannot take what it finds.
            problem.TooLarge: when the delivery has used up its work.
        """
        try:
            found: JsonValue = self.visit(path.tree, value)
        except exceptions.JMESPathTypeError as error:
            raise Unreadable(f"{error.function_name}() cannot take {kind(error.current_value)}") from None
        except (ValueError, TypeError, ArithmeticError, RecursionError):
            raise Unreadable("a function or a slice cannot be worked out here") from None
        return found

    def spend(self, steps: int) -> None:
        """Take steps from what is left.

        Raises:
            problem.TooLarge: when there are none.
        """
        self.left -= steps
        if self.left < 0:
            detail = f"Reading this delivery takes more than {MAX_WORK:,} steps. Let the mapping select less, or send fewer events at once."
            raise problem.TooLarge(detail)

    def weigh(self, value: JsonValue) -> int:
        """Spend what it costs to look at everything in a value, and return that.

        What an expression made can hold one thing a thousand times without needing memory for it; here it counts each time.
        """
        before, pending = self.left, [value]
        while pending:
            item = pending.pop()
            if isinstance(item, dict):
                self.spend(1 + len(item))
                pending += [*item, *item.values()]
            elif isinstance(item, list):
                self.spend(1 + len(item))
                pending += item
            elif isinstance(item, str):
                self.spend(len(item) // _STEP)
        return before - self.left

    def visit(self, node: Any, *args: Any, **kwargs: Any) -> Any:  # noqa: ANN401 - the library's signature
        """Take one step, or more where its result is a long text."""
        self.left -= 1
        name = node["type"]
        method = self._methods.get(name)
        if method is None:
            method = self._methods[name] = getattr(self, f"visit_{name}")
        result = method(node, *args, **kwargs)
        if self.left < 0 or (type(result) is str and len(result) >= _STEP):
            self.spend(len(result) // _STEP if type(result) is str else 0)
        return result

    def visit_field(self, node: Any, value: Any) -> Any:  # noqa: ANN401 - the library's signature
        """Return a member; the library's own way raises an exception within for each value that is no object, which takes long."""
        return value.get(node["value"]) if isinstance(value, dict) else None

    def visit_value_projection(self, node: Any, value: Any) -> list[Any] | None:  # noqa: ANN401 - the library's signature
        """Go through the members of an object; see `visit_field`."""
        base = self.visit(node["children"][0], value)
        if not isinstance(base, dict):
            return None
        found = (self.visit(node["children"][1], member) for member in base.values())
        return [item for item in found if item is not None]

    def visit_flatten(self, node: Any, value: Any) -> Any:  # noqa: ANN401 - the library's signature
        """Put the arrays in an array together, and pay for each value before it is copied."""
        base = self.visit(node["children"][0], value)
        if not isinstance(base, list):
            return None
        merged: list[Any] = []
        for element in base:
            items = element if isinstance(element, list) else [element]
            self.spend(len(items))
            merged += items
        return merged

    def visit_slice(self, node: Any, value: Any) -> Any:  # noqa: ANN401 - the library's signature
        """Copy a part of an array, and pay for the whole."""
        self.spend(len(value) if isinstance(value, list) else 0)
        return super().visit_slice(node, value)

    def visit_comparator(self, node: Any, value: Any) -> Any:  # noqa: ANN401 - the library's signature
        """Compare two values; where they are of one kind, all that is in them may have to be looked at."""
        left, right = (self.visit(child, value) for child in node["children"])
        if node["value"] not in _EQUALITIES and not _are_ordered(left, right):
            return None
        if type(left) is type(right):
            self.weigh(left)
        return self.COMPARATOR_FUNC[node["value"]](left, right)


class _Functions(library.Functions):
    """The functions of an expression, each of which pays for what it is going to look at."""

    def __init__(self, search: Search) -> None:
        self._search = search

    def call_function(self, function_name: str, resolved_args: Any) -> Any:  # noqa: ANN401 - the library's signature
        self._search.spend(_CALL)
        for argument in resolved_args:
            self._search.spend(len(argument) if isinstance(argument, list | dict) else 0)
        if function_name in _COMPARING:
            self._search.weigh(resolved_args[0])
        if function_name == "join":
            separator, array = resolved_args
            joints = len(separator) * len(array) if isinstance(separator, str) and isinstance(array, list) else 0
            self._search.spend(joints // _STEP + self._search.weigh(array))
        return super().call_function(function_name, resolved_args)

    @library.signature({"types": ["string", "number", "boolean", "null"]})
    def _func_to_string(self, argument: str | float | bool | None) -> str | None:  # noqa: FBT001 - the value of an expression
        if argument is None or isinstance(argument, str):
            return argument
        return json.dumps(argument)

    @library.signature({"types": []})
    def _func_to_number(self, argument: JsonValue) -> int | float | None:
        if isinstance(argument, str):
            return loose.digits(argument)
        return argument if isinstance(argument, int | float) and not isinstance(argument, bool) else None


_Functions.FUNCTION_TABLE = {name: spec for name, spec in _Functions.FUNCTION_TABLE.items() if name not in _LEFT_OUT}
FUNCTIONS = tuple(sorted(_Functions.FUNCTION_TABLE))
"""The functions that an expression may use."""


def kind(value: object) -> str:
    """Return what kind of JSON value this is, for a sentence."""
    return "nothing" if value is None else _KINDS.get(type(value), "an expression")


def _are_ordered(left: object, right: object) -> bool:
    """Return whether two values are both numbers or both texts."""
    kinds = {type(left), type(right)}
    return kinds <= {int, float} or kinds == {str}


def _check_tokens(text: str) -> None:
    """Refuse what the parser should not see.

    Raises:
        ValueError: for too many tokens, or a literal that is no strict JSON.
    """
    tokens = list(_TOKEN.finditer(text))
    if len(tokens) > MAX_TOKENS:
        raise ValueError(f"the expression has more than {MAX_TOKENS} names, signs and literals")
    for literal in (token["literal"] for token in tokens if token["literal"] is not None):
        try:
            document.parse_any(literal.replace("\\`", "`").encode(), max_depth=8)
        except problem.Problem:
            raise ValueError("what stands in backquotes is no JSON; a text needs quotation marks in them, or stands in '…'") from None


def _check_tree(tree: Any) -> None:  # noqa: ANN401 - a node of the library
    """Refuse what may not be run.

    Raises:
        ValueError: for parts that nest too deep, too many projections, and functions that are not there or are called wrongly.
    """
    projections = 0
    for node, parent, depth in _nodes(tree):
        if depth > MAX_DEPTH:
            raise ValueError(f"its parts nest deeper than {MAX_DEPTH} levels")
        projections += node["type"] in _PROJECTIONS
        if node["type"] == "function_expression":
            _check_call(node["value"], len(node["children"]))
        if node["type"] == "expref" and not _takes_expression(parent):
            raise ValueError(f"an expression behind & can stand only in {' and '.join(sorted(_TAKES_EXPRESSION))}")
    if projections > MAX_PROJECTIONS:
        raise ValueError(f"it has more than {MAX_PROJECTIONS} projections")


def _takes_expression(node: Any) -> bool:  # noqa: ANN401 - a node of the library
    return node["type"] == "function_expression" and node["value"] in _TAKES_EXPRESSION


def _nodes(tree: Any) -> Iterator[tuple[Any, Any, int]]:  # noqa: ANN401 - nodes of the library
    """Return every node with the one above it and its depth."""
    pending = [(tree, tree, 1)]
    while pending:
        node, parent, depth = pending.pop()
        yield node, parent, depth
        # The children of a slice are numbers.
        pending += [(child, node, depth + 1) for child in node["children"] if isinstance(child, dict)]


def _check_call(name: str, given: int) -> None:
    if name not in _Functions.FUNCTION_TABLE:
        raise ValueError(f"there is no function {name[:64]}(); use one of {', '.join(FUNCTIONS)}")
    wanted = _Functions.FUNCTION_TABLE[name]["signature"]
    if given != len(wanted) and not (wanted[-1].get("variadic") and given > len(wanted)):
        raise ValueError(f"{name}() takes {len(wanted)} arguments, not {given}")
