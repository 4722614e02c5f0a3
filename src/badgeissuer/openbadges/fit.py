"""Whether a document fits a view: the one question to which the answer is nearly always yes, answered without pydantic's models.

A view says what is wrong, where, in words; for that it calls our checks on every value and makes an object of every node. Here a second
validator is derived from the view's own core schema, which makes nothing and says nothing. It asks for the same, member by member: only
in front of a check of ours may stand forms of which the check is known to find all good, so that it need not be called (`Check.sure`).
What fits is therefore what the view has no fault to find with.

Source: OB-3.0 data model, as `model` has it.
"""

from __future__ import annotations

import functools
from dataclasses import dataclass
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, Generic, TypeVar, cast

from pydantic_core import SchemaValidator, core_schema

if TYPE_CHECKING:
    from collections.abc import Callable

    from pydantic import BaseModel
    from pydantic_core import CoreSchema

    from badgeissuer.vc.document import JsonObject

T = TypeVar("T")

_Node = dict[str, Any]
_SOME = {"min_length": 1}


@dataclass(frozen=True, slots=True, eq=False)
class Check(Generic[T]):
    """A validator of ours, before or after the member's own.

    Attributes:
        check: Returns the value, or raises ValueError with what is wrong.
        sure: Of one after the member's own: schemas of values that it has no fault to find with.
        is_shy: Of one before the member's own: whether it returns whatever that one takes as it is.
    """

    check: Callable[[Any], T]
    sure: tuple[CoreSchema, ...] = ()
    is_shy: bool = False

    def __call__(self, value: Any) -> T:  # noqa: ANN401 - any JSON value
        """Return what `check` returns."""
        return self.check(value)


def fits(view: type[BaseModel], source: JsonObject) -> bool:
    """Return whether `view.model_validate(source)` would raise nothing."""
    return _validator(view).isinstance_python(source)


@functools.cache
def _validator(view: type[BaseModel]) -> SchemaValidator:
    return SchemaValidator(cast("CoreSchema", _quick(view.__pydantic_core_schema__)), {"strict": True})


def _quick(node: Any) -> Any:  # noqa: ANN401 - a core schema, or a part of one
    """Return a schema that takes what `node` takes."""
    if isinstance(node, list):
        return [_quick(item) for item in node]
    if not isinstance(node, dict):
        return node
    match node.get("type"):
        case "model":
            return _fields(node)
        case "function-after":
            return _after(node)
        case "function-before":
            return _before(node)
    return {name: value if name == "metadata" else _quick(value) for name, value in node.items()}


def _fields(node: _Node) -> _Node:
    """Return the members of a view without the view; what stands in no definition needs no name."""
    extra = "forbid" if node["config"]["extra_fields_behavior"] == "forbid" else "ignore"
    named = {"ref": node["ref"]} if "ref" in node else {}
    return {**_quick(node["schema"]), "extra_behavior": extra, **named}


def _after(node: _Node) -> _Node:
    inner, function = node["schema"], node["function"]["function"]
    if inner["type"] == "model":  # a check on all members together, which looks for them on a view
        return node | {"schema": _quick(inner), "function": {"type": "no-info", "function": _on_fields(function)}}
    if getattr(function, "keywords", None) == _SOME and inner["type"] == "function-before":
        return _union([_quick(inner["schema"]) | _SOME], node | {"schema": _quick(inner)})
    return _union(list(function.sure) if isinstance(function, Check) else [], node | {"schema": _quick(inner)})


def _before(node: _Node) -> _Node:
    function, inner = node["function"]["function"], _quick(node["schema"])
    if not isinstance(function, Check) or not function.is_shy:
        return node | {"schema": inner}
    return _union([inner], node | {"schema": inner, "function": {"type": "no-info", "function": _on_others(function)}})


def _union(sure: list[Any], otherwise: _Node) -> _Node:
    return cast("_Node", core_schema.union_schema([*sure, otherwise], mode="left_to_right")) if sure else otherwise


def _on_others(function: Callable[[Any], Any]) -> Callable[[Any], object]:
    """Return a validator that changes a value or refuses it: what is not changed was looked at, and need not be twice."""

    def change(value: Any) -> object:  # noqa: ANN401 - any JSON value
        changed: object = function(value)
        if changed is value:
            raise ValueError
        return changed

    return change


def _on_fields(function: Callable[[Any], Any]) -> Callable[[tuple[_Node, Any, Any]], object]:
    return lambda fields: function(SimpleNamespace(**fields[0]))
