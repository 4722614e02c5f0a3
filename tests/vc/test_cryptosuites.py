from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import rfc8785
from hypothesis import example, given
from hypothesis import strategies as st

from badgeissuer import problem
from badgeissuer.vc import contexts, cryptosuites
from badgeissuer.vc.document import JsonObject

RDFC = "w3c/vc-di-eddsa/eddsa-rdfc-2022"
ReadJson = Callable[[str], Any]


@pytest.fixture(scope="session")
def known(read_json: ReadJson) -> dict[str, contexts.Context]:
    """The contexts that we hold and those that only the published vectors use."""
    extra = {
        "https://www.w3.org/ns/credentials/examples/v2": read_json("w3c/contexts/credentials-examples-v2.jsonld"),
        "https://w3id.org/citizenship/v4rc1": read_json("w3c/contexts/citizenship-v4rc1.jsonld"),
    }
    return dict(contexts.PINNED) | {url: contexts.pin(url, content, sha256=contexts.digest(content)) for url, content in extra.items()}


@pytest.mark.parametrize(("folder", "document"), [(RDFC, "unsigned.json"), (f"{RDFC}/employ", "employmentAuth.json")])
def test_the_w3c_vectors_reproduce_byte_for_byte(
    folder: str, document: str, shared_data: Path, read_json: ReadJson, known: dict[str, contexts.Context]
) -> None:
    hashes = read_json(f"{folder}/hashesDataInt.json")
    canonical_document = cryptosuites.rdfc(read_json(f"w3c/vc-di-eddsa/{document}"), known)
    canonical_options = cryptosuites.rdfc(read_json(f"{folder}/proofConfigDataInt.json"), known)
    assert canonical_document == (shared_data / folder / "canonDocDataInt.nq").read_bytes()
    assert canonical_options == (shared_data / folder / "proofCanonDataInt.nq").read_bytes()
    assert hashlib.sha256(canonical_document).hexdigest() == hashes["docHash"]
    assert hashlib.sha256(canonical_options).hexdigest() == hashes["proofHash"]
    assert cryptosuites.hash_data(hashlib.sha256(canonical_options).digest(), canonical_document).hex() == hashes["combinedHash"]


@pytest.mark.parametrize("name", ["1edtech-implguide-ob-eddsa-rdfc-2022", "1edtech-implguide-clr-eddsa-rdfc-2022"])
def test_the_vectors_of_1edtechs_guide_reproduce_byte_for_byte(name: str, read_json: ReadJson) -> None:
    vector = read_json(f"ob3/vectors/{name}.json")
    canonical_document = cryptosuites.rdfc(vector["unsigned"], contexts.PINNED)
    canonical_options = cryptosuites.rdfc(vector["proofConfig"], contexts.PINNED)
    assert canonical_document.decode() == vector["canonicalDocument"]
    assert canonical_options.decode() == vector["canonicalProofConfig"]
    assert hashlib.sha256(canonical_document).hexdigest() == vector["documentHashHex"]
    assert hashlib.sha256(canonical_options).hexdigest() == vector["proofHashHex"]
    assert cryptosuites.hash_data(hashlib.sha256(canonical_options).digest(), canonical_document).hex() == vector["dataToSignHex"]


_NUMBERS = st.floats() | st.sampled_from([1.0, -0.0, 1e16, 1e21, 1e-7, 5e-324, 0.1 + 0.2, 7.5]) | st.integers(-(2**54), 2**54)
_TEXTS = st.text(st.characters()) | st.sampled_from(["\ue000", "\U00010000", "\ud800", "\x7f\x1f\x00\u2028", "a"])
_JSON = st.recursive(
    st.none() | st.booleans() | _NUMBERS | _TEXTS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(_TEXTS | st.text("abA01", max_size=3), inner, max_size=4),
)


@given(st.dictionaries(_TEXTS | st.text("abA01", max_size=3), _JSON, max_size=6))
@example({"\ue000": 1, "\U00010000": 2})
@example({"a": [1.0, -0.0, 1e16, 2**53]})
@example({"\ud800": 1})
@example({"a": float("nan")})
def test_whatever_stands_in_a_document_jcs_writes_it_as_rfc_8785_says(source: dict[str, Any]) -> None:
    try:
        expected = rfc8785.dumps(source)
    except (rfc8785.CanonicalizationError, UnicodeEncodeError):
        with pytest.raises(problem.Invalid, match="no canonical JSON form"):
            cryptosuites.jcs(source, {})
    else:
        assert cryptosuites.jcs(source, {}) == expected


def test_jcs_is_quick_where_both_ways_write_the_same_and_slow_where_not() -> None:
    inner: list[Any] = []
    deep: JsonObject = {"a": inner}
    for _ in range(40):
        inner.append(inner := [])
    cases: list[tuple[JsonObject, bool]] = [
        ({"b": [1, -2.5, True, None, "é"], "a": {}}, True),
        ({"é": 1}, False),
        ({"a": 1.0}, False),
        ({"a": (1,)}, False),
        (deep, False),
    ]
    for source, is_quick in cases:
        spent: list[float] = []
        assert cryptosuites.jcs(source, {}, spent.append) == rfc8785.dumps(source)
        assert (len(spent) == 1) is is_quick


def test_the_suites_are_found_by_the_name_that_a_proof_gives() -> None:
    names = ["eddsa-rdfc-2022", "eddsa-jcs-2022", "Ed25519Signature2020"]
    assert [suite.name for suite in cryptosuites.SUITES.values()] == list(cryptosuites.SUITES) == names
    assert all(cryptosuites.find(dict(suite.options)) is suite for suite in cryptosuites.SUITES.values())
    assert cryptosuites.find({"type": "DataIntegrityProof", "cryptosuite": "eddsa-rdf-2022"}) is cryptosuites.EDDSA_RDFC_2022
    assert cryptosuites.find({"type": "Ed25519Signature2020", "cryptosuite": "eddsa-rdfc-2022"}) is None


PLAIN = {
    "type": "DataIntegrityProof",
    "cryptosuite": "eddsa-rdfc-2022",
    "proofPurpose": "assertionMethod",
    "@context": [contexts.CREDENTIALS_V2],
}


@pytest.mark.parametrize(
    "change",
    [
        {},
        {"nonce": "n" * cryptosuites.MAX_REMEMBERED},
        {"nonce": 2**70},
        {"nonce": 1},
        {"nonce": 1.0},
        {"nonce": ["a", "b"]},
        {"nonce": {"@value": "a"}},
        {"@context": contexts.CREDENTIALS_V2},
        {"@context": [contexts.CREDENTIALS_V2, {"x": "urn:x"}]},
    ],
)
def test_the_digest_of_options_is_that_of_their_canonical_form_however_often_it_is_asked_for(change: JsonObject) -> None:
    options = PLAIN | change
    expected = hashlib.sha256(cryptosuites.EDDSA_RDFC_2022.canonicalize(options, contexts.PINNED)).digest()
    for _ in range(3):
        assert cryptosuites.options_digest(cryptosuites.EDDSA_RDFC_2022, options, contexts.PINNED) == expected
        assert cryptosuites.options_digest(cryptosuites.EDDSA_RDFC_2022, options, dict(contexts.PINNED)) == expected


def test_the_same_options_of_two_suites_are_not_one() -> None:
    of_text = cryptosuites.options_digest(cryptosuites.EDDSA_JCS_2022, PLAIN, contexts.PINNED)
    for _ in range(2):
        assert cryptosuites.options_digest(cryptosuites.EDDSA_RDFC_2022, PLAIN, contexts.PINNED) != of_text
        assert cryptosuites.options_digest(cryptosuites.EDDSA_JCS_2022, PLAIN, contexts.PINNED) == of_text


def test_digests_are_forgotten_when_there_are_too_many(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cryptosuites, "MAX_DIGESTS", 1)
    monkeypatch.setattr(cryptosuites, "_DIGESTS", {})
    for name in ("a", "b", "a"):
        options = PLAIN | {"nonce": name}
        expected = hashlib.sha256(cryptosuites.EDDSA_RDFC_2022.canonicalize(options, contexts.PINNED)).digest()
        assert cryptosuites.options_digest(cryptosuites.EDDSA_RDFC_2022, options, contexts.PINNED) == expected
        assert len(cryptosuites._DIGESTS) == 1
