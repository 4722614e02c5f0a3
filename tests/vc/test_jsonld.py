from __future__ import annotations

import copy
import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from tests.vc import stock

from badgeissuer import problem
from badgeissuer.vc import canonical, contexts, jsonld
from badgeissuer.vc.document import JsonObject

V2 = contexts.CREDENTIALS_V2
CREDENTIALS = "https://www.w3.org/2018/credentials#"


def _refusal(source: JsonObject) -> str:
    with pytest.raises(problem.Invalid) as refused:
        jsonld.to_quads(source)
    return refused.value.detail


def _canonical(source: JsonObject) -> str:
    return canonical.canonicalize(jsonld.to_quads(source))


def test_the_benchmark_badge_has_the_quads_that_its_origin_says(read_json: Callable[[str], Any]) -> None:
    quads = jsonld.to_quads(read_json("bench/badge.json"))
    text = canonical.canonicalize(quads)
    assert (len(quads), len(text.encode())) == (139, 18_220)


def test_a_document_is_not_changed_by_being_read(badge: JsonObject) -> None:
    before = copy.deepcopy(badge)
    jsonld.to_quads(badge)
    assert badge == before


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"level": "Doctorate"}, "The member 'level' is not defined"),
        ({"@foo": "x"}, "'None' is not defined"),
        ({"": "x"}, "not defined"),
        ({"level:x": "x", "type": ["VerifiableCredential", "Doctorate"]}, "The type 'Doctorate' is no absolute IRI"),
        ({"type": ["VerifiableCredential", "Doctorate"]}, "The type 'Doctorate' is no absolute IRI"),
        ({"type": ["VerifiableCredential", "https://x.example/a b"]}, "is no absolute IRI"),
        ({"type": ["VerifiableCredential", "_:b"]}, "The type '_:b' is no absolute IRI"),
        ({"id": "c/1"}, "The identifier 'c/1' is no absolute IRI"),
        ({"id": ""}, "The identifier '' is no absolute IRI"),
        ({"id": "https://x.example/ transcript"}, "is no absolute IRI"),
        ({"id": "https://x.example/<a>"}, "is no absolute IRI"),
        ({"id": "https://x.example/\u00a0"}, "is no absolute IRI"),
        ({"id": "https://x.example/\x85"}, "is no absolute IRI"),
        ({"evidence": [{"id": "https://x.example/ transcript", "type": "Evidence", "name": "A+"}]}, "is no absolute IRI"),
        ({"_:grade": "A+"}, "The member '_:grade' is no absolute IRI"),
        ({"https://x.example/a b": "A+"}, "The member 'https://x.example/a b' is not defined"),
        ({"https://x.example/v": {"@value": "x", "@language": "no tag"}}, "A language tag is not of the form"),
        ({"https://x.example/v": {"@value": "x", "@language": 'en .\n<urn:a> <urn:p> "x"'}}, "A language tag is not of the form"),
        ({"https://x.example/v": {"@value": "x", "@language": "en\n"}}, "A language tag is not of the form"),
        ({"https://x.example/v": {"@value": "x", "@index": "hidden"}}, "An @index is not covered"),
        ({"https://x.example/v": {"@value": "x", "@type": "relative"}}, "invalid typed value"),
        ({"https://x.example/v": {"@value": "x", "@type": "_:b"}}, "invalid typed value"),
        (
            {"https://x.example/v": {"@value": "x", "@type": "https://x.example/<t>"}},
            "The datatype 'https://x.example/<t>' is no absolute IRI",
        ),
        ({"@context": [V2, {"m": {"@id": "urn:p:m", "@container": "@index"}}], "m": {"hidden": "x"}}, "An @index is not covered"),
        ({"@context": [V2, {"m": {"@id": "urn:p:m", "@container": "@language"}}], "m": {"e n": "x"}}, "A language tag is not of the form"),
        ({"@context": [V2, {"m": {"@id": "urn:p:<m>"}}], "m": "x"}, "The member 'urn:p:<m>' is no absolute IRI"),
        ({"https://x.example/v": {"@id": "urn:x:y", "@index": "hidden"}}, "@index hides data"),
        ({"@context": [V2, {"g": {"@id": "urn:p:g", "@container": "@graph"}}], "g": "x"}, "A value that stands in a graph by itself"),
        ({"https://x.example/v": {"@value": 5, "@direction": "rtl"}}, "An @direction of what is no text"),
        (
            {"@context": [V2, {"m": {"@id": "urn:p:m", "@container": "@type"}}], "m": {"urn:t:t": {"@value": "x"}}},
            "The datatype ['urn:t:t'] is no absolute IRI",
        ),
        ({"id": "@word"}, "The identifier 'None' is no absolute IRI"),
        ({"@included": [{"id": "urn:x:y", "name": "a"}]}, "@included hides data"),
        ({"@reverse": {"https://x.example/v": {"id": "urn:x:y"}}}, "@reverse hides data"),
        ({"https://x.example/v": {"@list": [{"@id": "relative"}]}}, "The identifier 'relative' is no absolute IRI"),
        ({"https://x.example/v": {"@value": "x", "@direction": "up"}}, "invalid base direction"),
        ({"https://x.example/v": {"@value": "x", "id": "urn:x:y"}}, "not valid JSON-LD"),
        ({"id": 5}, "not valid JSON-LD: invalid @id value"),
        ({"id": ["https://x.example/"]}, "not valid JSON-LD: invalid @id value"),
        ({"type": 5}, "not valid JSON-LD: invalid type value"),
        ({"@context": [V2, "https://unknown.example/"]}, "No pinned copy"),
        ({"@context": [V2, 5]}, "invalid local context"),
        ({"@context": "relative"}, "it cannot be expanded"),
        ({"@context": [V2, None]}, "invalid context nullification"),
        ({"@context": [V2, {"name": "urn:x:y"}]}, "protected term redefinition"),
        ({"@context": [V2, {"@import": "https://unknown.example/"}]}, "No pinned copy"),
        ({"credentialSubject": {"@context": "https://unknown.example/", "id": "urn:x:y"}}, "No pinned copy"),
    ],
    ids=str,
)
def test_what_a_signature_would_not_cover_is_refused(badge: JsonObject, change: JsonObject, said: str) -> None:
    assert said in _refusal(badge | change)


def test_a_missing_type_that_would_leave_a_node_unsigned_is_refused(badge: JsonObject) -> None:
    del badge["credentialSubject"]["achievement"]["type"]
    assert "not defined" in _refusal(badge)


def test_a_document_without_a_context_is_refused(badge: JsonObject) -> None:
    del badge["@context"]
    assert "not defined" in _refusal(badge)


def test_no_error_shows_the_contexts(badge: JsonObject) -> None:
    assert len(_refusal(badge | {"@context": [V2, {"name": "urn:x:y"}]})) < 200


def test_of_many_faults_the_first_are_told(badge: JsonObject) -> None:
    badge["evidence"] = [{"id": f"relative{number}", "type": "Evidence"} for number in range(jsonld.MAX_FINDINGS + 5)]
    with pytest.raises(problem.Invalid) as refused:
        jsonld.to_quads(badge)
    assert len(refused.value.findings) == jsonld.MAX_FINDINGS


def test_an_id_that_is_only_too_deep_is_found_with_its_place(badge: JsonObject) -> None:
    badge["credentialSubject"]["achievement"]["id"] = "relative/path"
    with pytest.raises(problem.Invalid) as refused:
        jsonld.to_quads(badge)
    assert [finding.pointer for finding in refused.value.findings] == [
        "/0/https:~1~1www.w3.org~12018~1credentials#credentialSubject/0/https:~1~1purl.imsglobal.org~1spec~1vc~1ob~1vocab.html#achievement/0/@id"
    ]


def test_a_good_language_a_direction_a_list_and_a_json_literal_reach_the_dataset() -> None:
    source = {
        "@context": [V2, {"j": {"@id": "urn:p:json", "@type": "@json"}}],
        "id": "urn:x:y",
        "type": "VerifiableCredential",
        "name": {"@value": "Bonjour", "@language": "fr-CA"},
        "description": {"@value": "Salut", "@language": "fr", "@direction": "ltr"},
        "urn:p:list": {"@list": [1, "_:x", {"@id": "_:x"}]},
        "j": {"b": [1, None], "a": "é"},
    }
    lines = _canonical(source).splitlines()
    assert '<urn:x:y> <https://schema.org/name> "Bonjour"@fr-ca .' in lines
    assert '<urn:x:y> <https://schema.org/description> "Salut"^^<https://www.w3.org/ns/i18n#fr_ltr> .' in lines
    assert '<urn:x:y> <urn:p:json> "{\\"a\\":\\"é\\",\\"b\\":[1,null]}"^^<http://www.w3.org/1999/02/22-rdf-syntax-ns#JSON> .' in lines
    assert sum('rdf-syntax-ns#first> "_:x" .' in line for line in lines) == 1, "a text that looks like a blank node stays a text"
    assert sum("rdf-syntax-ns#first> _:c14n" in line for line in lines) == 1


def test_a_proof_of_an_inner_credential_is_a_graph_of_its_own(badge: JsonObject) -> None:
    proof = {"type": "DataIntegrityProof", "proofPurpose": "assertionMethod"}
    named = {"id": "urn:x:graph", "@graph": [{"id": "urn:x:y", "type": "VerifiableCredential"}]}
    quads = jsonld.to_quads(badge | {"proof": proof, "https://x.example/v": [named]})
    assert sorted({quad.graph[:2] for quad in quads}) == ["", "<u", "_:"]


@pytest.mark.parametrize("name", ["credentialStatus", "validUntil", "validFrom", "issuer", "credentialSubject"])
@pytest.mark.parametrize("where", ["full IRI", "alias", "nest", "same node"])
def test_a_member_that_verifiers_act_on_stands_only_where_they_look(badge: JsonObject, name: str, where: str) -> None:
    before = _canonical(badge)
    value = badge.pop(name)
    match where:
        case "full IRI":
            badge[CREDENTIALS + name] = (
                {"@value": value, "@type": "http://www.w3.org/2001/XMLSchema#dateTime"} if isinstance(value, str) else value
            )
        case "alias":
            kind = {"@type": "http://www.w3.org/2001/XMLSchema#dateTime"} if isinstance(value, str) else {"@type": "@id"}
            badge["@context"] = [*badge["@context"], {"hidden": {"@id": CREDENTIALS + name, **kind}}]
            badge["hidden"] = value
        case "nest":
            badge["@nest"] = {name: value}
        case _:
            badge["id"] = "did:example:learner"
            before = ""
            inner = badge.get("credentialSubject", badge.get("issuer"))
            assert isinstance(inner, dict)
            inner |= {"id": badge["id"], "type": [*inner["type"], "VerifiableCredential"], name: value}
    assert f"{name} is not written in the one place" in _refusal(badge)
    if before:
        assert stock.canonical_by_pyld(badge) == before, "the attack is one: the graph, and so the signature, is the same"


def test_two_sets_of_contexts_never_share_what_was_made_of_them() -> None:
    url = "https://x.example/context"
    for iri in ("urn:first:one", "urn:second:one"):
        content = {"@context": {"word": iri}}
        known = {url: contexts.pin(url, content, sha256=contexts.digest(content))}
        (quad,) = jsonld.to_quads({"@context": url, "@id": "urn:x:y", "word": "a"}, known=known)
        assert quad.predicate == f"<{iri}>"
        del known


def test_sixteen_threads_get_what_one_gets(badge: JsonObject) -> None:
    sources = []
    for number in range(64):
        source = copy.deepcopy(badge)
        source["id"] = f"https://badges.example/c/{number}"
        source["name"] = f"Teamwork {number}"
        source["@context"] = [*source["@context"], {f"term{number % 7}": f"urn:p:{number % 7}"}]
        source[f"term{number % 7}"] = json.dumps(number)
        sources.append(source)
    expected = [_canonical(source) for source in sources]
    with ThreadPoolExecutor(16) as pool:
        assert list(pool.map(_canonical, sources * 4)) == expected * 4
    assert len(set(expected)) == 64
