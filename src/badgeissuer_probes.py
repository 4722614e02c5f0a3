"""A plugin of coverage.py that measures with marks in the code instead of a trace function; no part of what is installed.

Before Python 3.14 coverage.py finds out which branches were taken by a trace function, and while there is one the interpreter runs
everything more slowly, other people's packages too: the whole suite takes twice as long. So the modules of `source_pkgs` are compiled
here with a store into an array before every statement and at both ends of every branch. Everything else (what could be executed, the
files of data, children, combining, the report, the gates) is coverage.py's own and stays as it is.

Lines are handed on as coverage.py's own way for Python 3.14 does it, as arcs from a line to itself, and branches as the arcs that
coverage.py's parser calls possible. COVERAGE_CORE=ctrace measures with the trace function, to compare the two. The module lies beside
the package, because every process of the development environment must find it, the children of tests too; only the package goes into
the wheel.
"""

from __future__ import annotations

import ast
import contextlib
import importlib.util
import marshal
import os
import sys
import zlib
from importlib.machinery import ModuleSpec, PathFinder, SourceFileLoader
from pathlib import Path
from typing import TYPE_CHECKING, Any

import coverage
from coverage import control, disposition, env
from coverage.core import Core
from coverage.parser import PythonParser

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from types import CodeType, ModuleType

    from coverage.plugin_support import Plugins

Arc = tuple[int, int]

RAN = "_ran_"
"""The name in every measured module of the array that its statements write to."""

TAG = f"marked{zlib.crc32(Path(__file__).read_bytes() + coverage.__version__.encode()):08x}"
"""Names what this file and coverage.py make of code: what another version of them made does not count."""

_FILES: dict[str, tuple[tuple[tuple[Arc, ...], ...], bytearray]] = {}
"""For each file what its marks stand for, and which of them were reached."""


def coverage_init(_registry: Plugins, _options: dict[str, str]) -> None:
    """Have coverage.py measure with marks where it would take its trace function; it calls this wherever it starts."""
    vars(control)["Core"] = _Core


def ran(path: str, arcs: tuple[tuple[Arc, ...], ...]) -> bytearray:
    """Return the array that the marks of the file at `path` write to; the code of every measured module calls this first."""
    return _FILES.setdefault(path, (arcs, bytearray(len(arcs))))[1]


class _Core(Core):
    """What coverage.py measures with: marks, unless it has something better or was told otherwise."""

    def __init__(self, **given: Any) -> None:  # noqa: ANN401 - handed on as it is
        super().__init__(**given)
        config = given["config"]
        if config.branch and config.core is None and self.systrace and not given["dynamic_contexts"] and not env.SYSMON_DEFAULT:
            self.tracer_class = Marks  # type: ignore[assignment]
            self.tracer_kwargs = {"packages": tuple(config.source_pkgs)}
            self.file_disposition_class = disposition.FileDisposition
            self.supports_plugins = self.supports_dynamic_contexts = self.packed_arcs = self.systrace = False


class Marks:
    """What coverage.py calls a tracer: while it runs, modules of `packages` are imported with marks."""

    data: dict[str, set[Arc]]
    trace_arcs: bool
    should_trace: Callable[..., Any]
    should_trace_cache: dict[str, Any]
    warn: Callable[..., None]
    lock_data: Callable[[], None]
    unlock_data: Callable[[], None]

    def __init__(self, *, packages: tuple[str, ...]) -> None:
        self.finder = _Finder(packages)

    def start(self) -> None:
        """Mark what is imported from now on."""
        sys.meta_path.insert(0, self.finder)

    def stop(self) -> None:
        """Leave what is imported from now on unmarked."""
        if self.finder in sys.meta_path:
            sys.meta_path.remove(self.finder)

    def activity(self) -> bool:
        """Put what was reached where coverage.py looks for it, since it asks this before it looks; say whether there was anything."""
        for path, (arcs, reached) in list(_FILES.items()):
            self.data.setdefault(path, set()).update(
                arc for together, there in zip(arcs, reached, strict=True) if there for arc in together
            )
        return any(self.data.values())

    def reset_activity(self) -> None:
        """Forget nothing: what was reached stays so, and to hand it on twice does no harm."""

    def get_stats(self) -> None:
        """Have nothing to tell about how it went."""


class _Finder:
    """Finds the modules of `packages` where they are and has them loaded with marks."""

    def __init__(self, packages: tuple[str, ...]) -> None:
        self.packages = packages

    def find_spec(self, name: str, path: Sequence[str] | None = None, target: ModuleType | None = None) -> ModuleSpec | None:
        if name.partition(".")[0] not in self.packages:
            return None
        spec = PathFinder.find_spec(name, path, target)
        if spec and spec.origin and type(spec.loader) is SourceFileLoader:
            spec.loader = _Loader(name, spec.origin)
        return spec


class _Loader(SourceFileLoader):
    """Loads a module with marks, and keeps the marked code beside the ordinary one, as all processes of a run need it."""

    def get_code(self, fullname: str) -> CodeType:
        path = self.get_filename(fullname)
        kept = Path(importlib.util.cache_from_source(path, optimization=TAG))
        stamp = (os.stat(path).st_mtime_ns, os.stat(path).st_size, path)  # noqa: PTH116 - as importlib, without making objects
        try:
            found, code = marshal.loads(kept.read_bytes())  # noqa: S302 - as importlib with its own
        except (OSError, EOFError, ValueError, TypeError):
            found = None
        if found != stamp:
            code = compile(marked(self.get_data(path).decode(), path), path, "exec", dont_inherit=True)
            with contextlib.suppress(OSError):
                kept.parent.mkdir(exist_ok=True)
                new = kept.with_suffix(f".{os.getpid()}")
                new.write_bytes(marshal.dumps((stamp, code)))
                new.replace(kept)
        assert not isinstance(code, str)  # noqa: S101 - no code of the service
        return code  # type: ignore[no-any-return]


def marked(text: str, path: str) -> ast.Module:
    """Return the tree of the source `text` with its marks."""
    parser = PythonParser(text=text, filename=path)
    parser.parse_source()
    return _Marking(parser).module(ast.parse(text))


class _Marking:
    """Puts marks into a tree; `table` says for each mark which arcs it stands for."""

    def __init__(self, parser: PythonParser) -> None:
        self.first = parser.first_line
        self.table: list[tuple[Arc, ...]] = []
        self.exits: dict[int, set[int]] = {}
        for start, end in parser.arcs():
            self.exits.setdefault(start, set()).add(end)

    def module(self, tree: ast.Module) -> ast.Module:
        """Mark a whole module, after its docstring and what it takes from __future__."""
        head = 0
        while head < len(tree.body) and (_is_text(tree.body[head]) or _is_future(tree.body[head])):
            head += 1
        lines = tuple(arc for statement in tree.body[:head] if not _is_text(statement) for arc in self.lines(statement))
        marks = [self.mark(lines, 1)] if lines else []
        body = self.body(tree.body[head:])
        claim = f"{RAN} = __import__({__name__!r}).ran(__file__, {tuple(self.table)!r})"
        tree.body[head:] = [_statement(claim, 1), *marks, *body]
        return ast.fix_missing_locations(tree)

    def mark(self, arcs: tuple[Arc, ...], line: int) -> ast.stmt:
        """Return the statement that notes `arcs`."""
        self.table.append(arcs)
        return _statement(f"{RAN}[{len(self.table) - 1}] = 1", line)

    def call(self, arcs: tuple[Arc, ...], line: int) -> ast.expr:
        """Return the expression that notes `arcs`; its value is None."""
        self.table.append(arcs)
        made = _statement(f"{RAN}.__setitem__({len(self.table) - 1}, 1)", line)
        assert isinstance(made, ast.Expr)  # noqa: S101 - no code of the service
        return made.value

    def lines(self, statement: ast.stmt) -> tuple[Arc, ...]:
        """Return that the lines of a statement itself were executed, its decorators included."""
        decorators: list[ast.expr] = getattr(statement, "decorator_list", [])
        return tuple((line, line) for line in sorted({*(node.lineno for node in decorators), statement.lineno}))

    def body(self, body: list[ast.stmt], *before: Arc) -> list[ast.stmt]:
        """Mark the statements of a body; `before` happens whenever the first of them is reached."""
        made: list[ast.stmt] = []
        for statement in body:
            if not made and _is_text(statement):
                made.append(statement)
                continue
            made.append(self.mark((*before, *self.lines(statement)), statement.lineno))
            self.visit(statement)
            made.append(statement)
            before = ()
        return made

    def ends(self, line: int, inside: list[ast.stmt]) -> tuple[tuple[Arc, ...], tuple[Arc, ...]]:
        """Return the arcs of the branch at `line` that lead into the statements `inside`, and those that lead elsewhere."""
        start = self.first(line)
        lines = range(min((arc[0] for arc in self.lines(inside[0])), default=0), (inside[-1].end_lineno or 0) + 1)
        ends = sorted(self.exits.get(start, ()))
        elsewhere = tuple((start, end) for end in ends if end not in lines)
        assert len(elsewhere) <= 1, f"line {start} leads to more than two lines: {ends}"  # noqa: S101 - no code of the service
        return tuple((start, end) for end in ends if end in lines), elsewhere

    def visit(self, node: ast.stmt) -> None:
        """Mark what is inside a statement; one without statements in it stays as it is."""
        match node:
            case ast.If() | ast.For() | ast.AsyncFor() | ast.While():
                taken, other = self.ends(node.lineno, node.body)
                node.orelse = self.body(node.orelse, *other) or ([self.mark(other, node.lineno)] if other else [])
                node.body = self.body(node.body, *taken)
            case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.ClassDef() | ast.With() | ast.AsyncWith():
                node.body = self.body(node.body)
            case ast.Try() | ast.TryStar():
                node.body, node.orelse, node.finalbody = self.body(node.body), self.body(node.orelse), self.body(node.finalbody)
                for handler in node.handlers:
                    self.handler(handler)
            case ast.Match():
                node.cases = self.cases(node)

    def handler(self, handler: ast.ExceptHandler) -> None:
        """Mark an except clause: that it is looked at counts as executed, whether it fits or not."""
        line = (handler.lineno, handler.lineno)
        if handler.type is None:
            handler.body = self.body(handler.body, line)
            return
        pair = ast.Tuple([self.call((line,), handler.lineno), handler.type], ast.Load())
        handler.type = ast.Subscript(pair, ast.Constant(1), ast.Load())
        handler.body = self.body(handler.body)

    def cases(self, node: ast.Match) -> list[ast.match_case]:
        """Return the cases of a match statement, before each one that never fits and notes that the next is looked at."""
        made: list[ast.match_case] = []
        other: tuple[Arc, ...] = ()
        for case in node.cases:
            line = self.first(case.pattern.lineno)
            looked = ast.match_case(ast.MatchAs(), self.call((*other, (line, line)), line), [ast.Pass()])
            taken, other = self.ends(line, case.body)
            case.body = self.body(case.body, *taken)
            made += [looked, case]
        if other:
            made.append(ast.match_case(ast.MatchAs(), None, [self.mark(other, node.lineno)]))
        return made


def _is_text(statement: ast.stmt) -> bool:
    return isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant) and isinstance(statement.value.value, str)


def _is_future(statement: ast.stmt) -> bool:
    return isinstance(statement, ast.ImportFrom) and statement.module == "__future__"


def _statement(text: str, line: int) -> ast.stmt:
    return _at(ast.parse(text), line).body[0]


def _at(tree: ast.Module, line: int) -> ast.Module:
    """Put a new tree on one line."""
    for node in ast.walk(tree):
        if isinstance(node, ast.stmt | ast.expr):
            node.lineno = node.end_lineno = line
    return tree
