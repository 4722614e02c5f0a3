"""Whether a credential keeps the JSON Schemas that it names: those that we know ask for less than our own rules, others are fetched.

Source: VC-DATA-MODEL-2.0#data-schemas, VC-JSON-SCHEMA#jsonschema, OB-3.0 "Credential Schema Validation" (1EdTechJsonSchemaValidator2019).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from badgeissuer import problem
from badgeissuer.vc import contexts, credential, report, schema
from badgeissuer.vc.report import Passed, Undecided

if TYPE_CHECKING:
    from badgeissuer.vc import proof
    from badgeissuer.vc.document import JsonObject
    from badgeissuer.vc.examination import Examination

MAX_SCHEMAS = 4
_TYPES = ("JsonSchema", "1EdTechJsonSchemaValidator2019")


def look(item: Any, examined: Examination) -> None:  # noqa: ANN401 - any JSON value
    """Ask for a schema that a document names, where it has to be fetched."""
    if _own_rule(item, examined) is None:
        _fetched(item, examined)


def check(examined: Examination) -> Passed | None:
    """Return what all schemas that a document names come to; None where it names none.

    Raises:
        problem.Invalid: The document breaks one, or names none that could be one.
        report.Undecided: One cannot be had or answered for.
    """
    named = credential.as_list(examined.source.get("credentialSchema"))
    if len(named) > MAX_SCHEMAS:
        raise problem.Invalid(f"At most {MAX_SCHEMAS} schemas are read.")
    return report.each(named, lambda item: _one(item, examined)) if named else None


def are_ours(examined: Examination) -> bool:
    """Return whether rules of our own answer for all schemas that a document names, so that nothing was fetched."""
    return all(_own_rule(item, examined) is not None for item in credential.as_list(examined.source.get("credentialSchema")))


def _one(item: Any, examined: Examination) -> Passed:  # noqa: ANN401 - any JSON value
    rule = _own_rule(item, examined)
    if rule is None:
        content, evidence = _fetched(item, examined)
        findings, passed = schema.check(examined.source, content, spend=examined.sources.effort.spend), Passed((evidence,))
    else:
        # Where the rule is one of the kind's, data_model has said already what it finds.
        findings, passed = () if rule in examined.kind.rules else rule(examined.source), Passed()
    if findings:
        raise problem.Invalid.of(findings)
    return passed


def _own_rule(item: object, examined: Examination) -> proof.Rule | None:
    """Return the rule of our own that answers for a schema; None where it must be fetched."""
    url = item.get("id") if isinstance(item, dict) else None
    if not isinstance(url, str):
        return None
    for context in contexts.named(examined.source, examined.policy.known):
        for name, rule in context.schemas:
            if name == url:
                return rule
    return next((rule for prefix, rule in examined.kind.schemas.items() if url.startswith(prefix)), None)


def _fetched(item: Any, examined: Examination) -> tuple[JsonObject, report.Evidence]:  # noqa: ANN401 - any JSON value
    if not isinstance(item, dict) or not isinstance(item.get("id"), str):
        raise problem.Invalid("credentialSchema must be an object with the URL of a schema as its id.")
    if not set(_TYPES) & {kind for kind in credential.as_list(item.get("type")) if isinstance(kind, str)}:
        raise Undecided("The document names a schema of a kind that is not read here.", kind=schema.UNDECIDED)
    try:
        return examined.sources.document(item["id"], "The JSON Schema that the document names", kind=schema.UNDECIDED)
    except problem.Invalid as error:
        raise Undecided(error.detail, kind=error.kind) from None
