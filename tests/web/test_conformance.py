"""The cases of the W3C's conformance suites, in our own words, put over HTTP to the service as it is started for them.

vc-data-model-2.0, vc-di-eddsa with the assertions of Data Integrity, vc-di-ed25519signature2020, vc-bitstring-status-list, vc-api-issuer
and vc-api-verifier: each asks an issuer to sign what it should or should not, and a verifier to accept or refuse what it made itself. The
suites' own programs are in no package registry; whoever has them runs them as docs/vc-api.md says.
"""

from __future__ import annotations

import base64
import copy
import gzip
import hashlib
import json
import os
import re
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import pytest
from tests.corpus import signing

V1, V2 = signing.V1, signing.V2
EXAMPLES, UNDEFINED = "https://www.w3.org/ns/credentials/examples/v2", "https://www.w3.org/ns/credentials/undefined-terms/v2"
FILES = {EXAMPLES: "credentials-examples-v2.jsonld", UNDEFINED: "credentials-undefined-terms-v2.jsonld"}
START_SECONDS = 60
WAYS = {
    "eddsa-rdfc-2022": "/credentials/issue",
    **{way: f"/vc-api/{way}/credentials/issue" for way in ("eddsa-jcs-2022", "Ed25519Signature2020", "vc-jwt", "status-list")},
}
LOCAL = signing.Key("suite")
"""The key that a suite brings along."""
DATE = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)")
Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Service:
    """The service under test: open to all, and the DID of one of its issuers."""

    client: httpx.Client
    did: str

    def issue(self, source: object, way: str = "eddsa-rdfc-2022") -> httpx.Response:
        """Ask for a credential; the suites always name the issuer that they were told of."""
        if isinstance(source, dict) and source.get("issuer") == "ISSUER":
            source = source | {"issuer": self.did}
        elif isinstance(source, dict) and isinstance(source.get("issuer"), dict) and source["issuer"].get("id") == "ISSUER":
            source = source | {"issuer": source["issuer"] | {"id": self.did}}
        return self.client.post(WAYS[way], json={"credential": source, "options": {}})

    def issued(self, source: object, way: str = "eddsa-rdfc-2022") -> Json:
        answer = self.issue(source, way)
        assert answer.status_code == 201, answer.text
        found: Json = answer.json()["verifiableCredential"]
        return found

    def refuses_to_issue(self, source: object, way: str = "eddsa-rdfc-2022") -> bool:
        answer = self.issue(source, way)
        return answer.status_code == 400 and answer.headers["content-type"] == "application/problem+json"

    def verify(self, content: object) -> httpx.Response:
        return self.client.post("/credentials/verify", json={"verifiableCredential": content, "options": {"checks": ["proof"]}})

    def show(self, content: object, **options: object) -> httpx.Response:
        return self.client.post("/presentations/verify", json={"verifiablePresentation": content, "options": options})


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory, shared_data: Path) -> Iterator[Service]:
    """`badgeissuer serve`, as the suites want it: VC-API without a token, and the contexts of their examples."""
    folder = tmp_path_factory.mktemp("conformance")
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    environment = {name: value for name, value in os.environ.items() if not name.startswith("BADGEISSUER_")}
    environment |= {
        "BADGEISSUER_DATA_DIR": str(folder / "data"),
        "BADGEISSUER_KEYS_DIR": str(folder / "keys"),
        "BADGEISSUER_BASE_URL": f"http://localhost:{port}",
        "BADGEISSUER_VC_API_OPEN": "true",
        "BADGEISSUER_EXTRA_CONTEXTS": str(_contexts(folder / "contexts", shared_data / "w3c" / "contexts")),
    }
    command = [sys.executable, "-m", "badgeissuer.cli"]
    with subprocess.Popen([*command, "serve", "--port", str(port)], env=environment, cwd=folder, stderr=subprocess.DEVNULL) as process:
        try:
            with httpx.Client(base_url=f"http://localhost:{port}", timeout=60, trust_env=False) as client:
                _await(client, process)
                yield Service(client, _issuer(client, command, environment))
        finally:
            process.terminate()


def _contexts(folder: Path, origin: Path) -> Path:
    folder.mkdir()
    index = {}
    for url, file in FILES.items():
        body = (origin / file).read_bytes()
        (folder / file).write_bytes(body)
        index[url] = {"file": file, "sha256": hashlib.sha256(body).hexdigest()}
    (folder / "index.json").write_text(json.dumps(index))
    return folder


def _await(client: httpx.Client, process: subprocess.Popen[bytes]) -> None:
    ends = time.monotonic() + START_SECONDS
    while True:
        assert process.poll() is None
        assert time.monotonic() < ends
        try:
            client.get("/healthz")
        except httpx.TransportError:
            time.sleep(0.1)
        else:
            return


def _issuer(client: httpx.Client, command: list[str], environment: dict[str, str]) -> str:
    """Make an issuer, and have it sign once, patiently: the first signature opens the key."""
    create = [*command, "token", "create", "--name", "suite", "--role", "admin"]
    token = subprocess.run(create, env=environment, capture_output=True, text=True, check=True).stdout.strip()
    bearer = {"Authorization": f"Bearer {token}"}
    ends = time.monotonic() + START_SECONDS
    answer = client.post("/api/issuers", json={"slug": "suite", "name": "Suite"}, headers=bearer)
    while answer.status_code == 503 and time.monotonic() < ends:
        time.sleep(1)
        answer = client.get("/api/issuers/suite", headers=bearer)
    did: str = answer.raise_for_status().json()["did"]
    while client.post("/credentials/issue", json={"credential": plain(issuer=did)}).status_code == 503 and time.monotonic() < ends:
        time.sleep(1)
    return did


def plain(**members: object) -> Json:
    """Return the smallest credential of version 2.0; `...` leaves a member out, `context` gives more contexts."""
    usual: Json = {
        "@context": [V2],
        "type": ["VerifiableCredential"],
        "issuer": "ISSUER",
        "credentialSubject": {"id": "did:example:subject"},
    }
    if "context" in members:
        members["@context"] = [V2, *members.pop("context")]  # type: ignore[misc]
    return {name: value for name, value in (usual | members).items() if value is not ...}


def old(**members: object) -> Json:
    """Return the smallest credential of version 1.1, as the suites have it: with an id and a context of its own."""
    context = [V1, {"@context": {"name": "https://schema.org/name"}}]
    usual: Json = plain(id=f"urn:uuid:{uuid4()}", issuanceDate="2020-03-16T22:37:26.544Z") | {"@context": context}
    return {name: value for name, value in (usual | members).items() if value is not ...}


TERM = "https://example.org/examples#Thing"
THING = {"Thing": TERM}


# --- vc-data-model-2.0: what is issued


@pytest.mark.parametrize(
    "source",
    [
        plain(),
        plain(context=[EXAMPLES], type=["VerifiableCredential", "ExampleAlumniCredential"]),
        plain(context=[EXAMPLES], credentialSubject={"id": "did:example:a", "alumniOf": {"id": "did:example:b", "name": "A university"}}),
        plain(context=[UNDEFINED], somethingNew="that only this context defines"),
        plain(context=[THING], type=["VerifiableCredential", "Thing"]),
        plain(context=[EXAMPLES, THING]),
        plain(id="did:example:credential"),
        plain(id="https://university.example/credentials/1872"),
        plain(type=["VerifiableCredential", TERM]),
        plain(type=[TERM, "https://example.org/examples#Other", "VerifiableCredential"]),
        plain(type=[TERM, "VerifiableCredential", "https://example.org/examples#Other"]),
        plain(name="A name", description="A description"),
        plain(name={"@value": "A name", "@language": "en"}),
        plain(description={"@value": "A description", "@language": "en", "@direction": "ltr"}),
        plain(name=[{"@value": "Dog", "@language": "en"}, {"@value": "Chien", "@language": "fr"}]),
        plain(issuer={"id": "ISSUER"}),
        plain(issuer={"id": "ISSUER", "name": "A name", "description": "A description"}),
        plain(issuer={"id": "ISSUER", "name": {"@value": "A name", "@language": "en", "@direction": "ltr"}}),
        plain(issuer={"id": "ISSUER", "description": [{"@value": "Dog", "@language": "en"}, {"@value": "Chien", "@language": "fr"}]}),
        plain(credentialSubject=[{"id": "did:example:a"}, {"id": "did:example:b"}]),
        plain(credentialSubject={"name": "Nobody in particular"}),
        plain(validFrom="2022-02-26T12:00:00.123Z"),
        plain(validFrom="2022-02-26T12:00:00-05:00"),
        plain(validFrom="2999-01-01T00:00:00Z"),
        plain(validUntil="2222-02-26T12:00:00Z"),
        plain(validUntil="2222-02-26T12:00:00.000Z"),
        plain(validUntil="2222-02-26T12:00:00+09:00"),
        plain(validUntil="2020-01-01T00:00:00Z"),
        plain(validFrom="2025-01-01T00:00:00Z", validUntil="2027-01-01T00:00:00Z"),
        plain(validFrom="2025-01-01T00:00:00Z", validUntil="2025-01-01T00:00:00Z"),
        plain(context=[THING], credentialStatus={"id": "did:example:status", "type": "Thing"}),
        plain(context=[THING], credentialStatus={"type": "Thing"}),
        plain(context=[THING], termsOfUse={"id": "did:example:terms", "type": "Thing"}),
        plain(context=[THING], termsOfUse=[{"type": "Thing"}, {"type": "Thing"}]),
        plain(context=[THING], evidence={"type": "Thing"}),
        plain(context=[THING], evidence=[{"type": "Thing"}, {"type": "Thing"}]),
        plain(refreshService={"type": TERM, "id": "did:example:refresh/1"}),
        plain(refreshService=[{"type": TERM, "id": "did:example:refresh/1"}, {"type": TERM, "id": "did:example:refresh/2"}]),
        plain(credentialSchema={"type": TERM, "id": "did:example:schemas/1"}),
        plain(credentialSchema=[{"type": TERM, "id": "did:example:schemas/1"}, {"type": TERM, "id": "did:example:schemas/2"}]),
        plain(relatedResource=[{"id": "https://x.example/1", "digestSRI": "sha256-IwhzJyufmsjiGS1qP0waCmFb0gKa5ZGBI0ZZtfQo9Ls="}]),
        plain(relatedResource=[{"id": "https://x.example/1", "digestSRI": "sha256-MIwhzJyufmsjiGS1qP0waCmFb0gKa5ZGBI0ZZtfQo9Ls="}]),
        plain(relatedResource={"id": "https://x.example/1", "digestMultibase": "uEiAjCHMnK5-ayOIZLWo_TBoKYVvSAprlkYEjRlm19Cj0uw"}),
        plain(relatedResource={"id": V2, "digestMultibase": "uEiBZlVztZpfWHgPyslVv6-UwirFoQoRvW1htfx963sknNA"}),
        plain(relatedResource={"id": V2, "digestMultibase": "uJKGMkOmFbVJhEfKTduMC2XCyvRAYLjOVmZWwIH1wQ7k"}),
        plain(
            relatedResource=[
                {
                    "id": V2,
                    "digestSRI": "sha384-Ml/HrjlBCNWyAX91hr6LFV2Y3heB5Tcr6IeE4/Tje8YyzYBM8IhqjHWiWpr8+ZbYU",
                    "mediaType": "application/ld+json",
                },
                {"id": EXAMPLES, "digestSRI": "sha384-MzNNbQTWCSUSi0bbz7dbua+RcENv7C6FvlmYJ1Y+I727HsPOHdzwELMYO9Mz68M26"},
            ]
        ),
    ],
)
def test_a_conforming_credential_is_issued_as_it_is(service: Service, source: Json) -> None:
    content = service.issued(source)
    assert content["@context"] == source["@context"]
    assert {**source, "issuer": 0, "proof": 0} == {**content, "issuer": 0, "proof": 0}
    assert isinstance(content["proof"], dict)


def without(**digests: object) -> Json:
    return plain(relatedResource=[{"id": V2, **digests}])


@pytest.mark.parametrize(
    "source",
    [
        plain(**{"@context": ...}),
        plain(**{"@context": 4}),
        plain(**{"@context": V2}),
        plain(**{"@context": {}}),
        plain(**{"@context": [EXAMPLES]}),
        plain(**{"@context": [EXAMPLES, V2]}),
        plain(**{"@context": [{"foo": True}, 4, False, None]}),
        plain(context=["https ://not-a-url/contexts/example/v1"]),
        plain(context=["https://example.com"]),
        plain(context=[123192875]),
        plain(id=None),
        plain(id=["did:example:a", "did:example:b"]),
        plain(id="not a url"),
        plain(credentialSubject={"id": ["did:example:a", "did:example:b"]}),
        plain(type=...),
        plain(type=4),
        plain(type=[2, None, {"foo": True}, False]),
        plain(type=["VerifiableCredential", "NowhereDefined"]),
        plain(type=["https://example.org/examples#Thing"]),
        plain(context=[{"Thing": "https ://not-a-url#Thing"}], type=["VerifiableCredential", "Thing"]),
        plain(name={"@value": "A name", "@language": "en", "url": "did:example:a"}),
        plain(description={"@value": "A description", "@language": "en", "url": "did:example:a"}),
        plain(issuer={"id": "ISSUER", "name": {"@value": "A name", "@language": "en", "url": "did:example:a"}}),
        plain(issuer={"id": "ISSUER", "description": {"@value": "A name", "@language": "en", "url": "did:example:a"}}),
        plain(issuer=...),
        plain(issuer=None),
        plain(issuer=4),
        plain(issuer=["ISSUER"]),
        plain(issuer="not-a-url"),
        plain(issuer={"id": None}),
        plain(issuer={"id": "not-a-url"}),
        plain(issuer="did:example:nobody-here"),
        plain(credentialSubject=...),
        plain(credentialSubject={}),
        plain(credentialSubject="did:example:subject"),
        plain(credentialSubject=[{"id": "did:example:subject"}, {}]),
        plain(credentialSubject=[None, True, 4]),
        plain(validFrom="2022-02-26"),
        plain(validUntil="tomorrow"),
        plain(validFrom="2027-01-01T00:00:00Z", validUntil="2025-01-01T00:00:00Z"),
        plain(credentialStatus={"id": "did:example:status"}),
        plain(context=[THING], credentialStatus={"id": ["did:example:a", "did:example:b"], "type": "Thing"}),
        plain(context=[THING], credentialStatus={"id": "not a url", "type": "Thing"}),
        plain(credentialStatus={"id": "did:example:status", "type": 2}),
        plain(termsOfUse={"id": "did:example:terms"}),
        plain(termsOfUse=[{"id": "did:example:terms"}]),
        plain(evidence=[{"id": "did:example:evidence"}]),
        plain(refreshService={"id": "did:example:refresh"}),
        plain(credentialSchema={"id": "did:example:schemas/1"}),
        plain(credentialSchema={"type": TERM}),
        plain(credentialSchema={"type": TERM, "id": 5}),
        plain(context=[{"VerifiableCredential": "https://example.org/#Other"}]),
        plain(context=[{"@protected": True, **THING}, {"Thing": "https://example.org/#Bad"}], type=["VerifiableCredential", "Thing"]),
        plain(relatedResource=[V2, EXAMPLES]),
        plain(relatedResource=[{"digestMultibase": "uEiBZlVztZpfWHgPyslVv6-UwirFoQoRvW1htfx963sknNA"}]),
        plain(relatedResource=[{"url": V2, "digestMultibase": "uEiBZlVztZpfWHgPyslVv6-UwirFoQoRvW1htfx963sknNA"}]),
        plain(relatedResource=[{"id": V2}, {"id": EXAMPLES}]),
        plain(relatedResource=[{"id": TERM, "digestSRI": "sha256-IwhzJyufmsjiGS1qP0waCmFb0gKa5ZGBI0ZZtfQo9Ls="}] * 2),
        without(digestSRI="sha256-ca3d163bab055381827226140568f3bef634ac187cebd76878e0b63e9e442356"),
        without(digestSRI="sha384-l/HrjlBCNWyAX91hr6LFV2Y3heB5Tcr6IeE4/Tje8YyzYBM8IhqjHWiWpr8+ZbYA"),
        without(digestMultibase="uZTQ0MjM1NiAgcmVwb3J0cc5jZWxhdGVkLXJlc291cmNlLmpzb24K"),
        without(digestMultibase="uEiBZlVztZpfWHgPyslVv6-UwirFoQoRvW1htfx963sknNB"),
        plain(somethingNew="that nothing defines"),
        plain(statusEntry={"type": "BitstringStatusListEntry", "statusListIndex": True, "statusListCredential": "https://example.com"}),
    ],
)
def test_a_credential_that_does_not_conform_is_not_issued(service: Service, source: Json) -> None:
    assert service.refuses_to_issue(source)


@pytest.mark.parametrize("body", [{}, {"verifiableCredential": plain()}, {"credential": None}, {"credential": "x"}, {"credential": []}])
def test_a_request_without_a_credential_is_refused(service: Service, body: Json) -> None:
    for path in WAYS.values():
        assert service.client.post(path, json=body).status_code == 400


def test_what_was_issued_verifies_and_what_was_not_does_not(service: Service) -> None:
    assert service.verify(service.issued(plain())).status_code == 200
    assert service.verify(plain() | {"issuer": service.did}).status_code == 400
    for answer in (service.verify({"type": ["NonconformingDocument"]}), service.show({"type": ["NonconformingDocument"]})):
        assert answer.status_code == 400


# --- vc-data-model-2.0: presentations


def inside(**members: object) -> Json:
    """Return a credential that the suite's own key signed."""
    return signing.sign(plain(issuer=LOCAL.did, validFrom="2023-02-27T05:03:28Z", **members), LOCAL)


def presentation(*credentials: Json, **members: Any) -> Json:  # noqa: ANN401 - any JSON value
    unsigned: Json = {"@context": [V2], "type": ["VerifiablePresentation"], "verifiableCredential": list(credentials)} | members
    about: dict[str, Any] = {"proofPurpose": "authentication", "challenge": "u-suite", "domain": "github.com/w3c/suite"}
    return signing.sign({name: value for name, value in unsigned.items() if value is not ...}, LOCAL, **about)


@pytest.mark.parametrize(
    "content",
    [
        presentation(),
        presentation(verifiableCredential=...),
        presentation(inside()),
        presentation(inside(), inside(credentialSubject={"id": "did:example:other"})),
        presentation(inside(), id="urn:uuid:cb4e2d5d-54f3-4d4d-ac8f-0ff53ad2a1bd"),
        presentation(inside(), holder=LOCAL.did),
        presentation(inside(), holder={"id": LOCAL.did}),
        presentation(inside(), holder=LOCAL.did, type=["VerifiablePresentation", "Thing"], **{"@context": [V2, THING]}),
    ],
)
def test_a_conforming_presentation_verifies(service: Service, content: Json) -> None:
    answer = service.show(content, checks=[])
    assert (answer.status_code, answer.json()["errors"]) == (200, []), answer.text
    assert service.show(content, challenge="u-suite", domain="github.com/w3c/suite").status_code == 200


@pytest.mark.parametrize(
    "change",
    [
        {"@context": ...},
        {"@context": [EXAMPLES]},
        {"@context": [EXAMPLES, V2]},
        {"@context": [V2, "https://example.com"]},
        {"@context": [V2, 123192875]},
        {"type": ...},
        {"type": ["CredentialManagerPresentation"]},
        {"holder": {"id": "z6MkpJySvETLnxhQG9DzEdmKJtysBDjuuTeDfUj1uNNCUqcj"}},
        {"holder": "did:example:acme"},
        {"verifiableCredential": [plain(issuer="did:example:issuer")]},
        {"proof": ...},
    ],
    ids=str,
)
def test_a_presentation_that_does_not_conform_is_refused(service: Service, change: Json) -> None:
    content = presentation(inside()) | change
    assert service.show({name: value for name, value in content.items() if value is not ...}).status_code == 400


@pytest.mark.parametrize("holder", ["did:example:acme", {"id": "z6Mk"}])
def test_a_holder_whose_key_did_not_sign_is_refused(service: Service, holder: object) -> None:
    assert service.show(presentation(inside(), holder=holder)).status_code == 400


def test_an_issuer_whose_key_did_not_sign_is_not_believed_though_a_suite_would(service: Service) -> None:
    """The suites' own fixtures name an issuer that does not control the key; that would let anybody sign for anybody."""
    assert service.show(presentation(signing.sign(plain(issuer="did:example:issuer"), LOCAL))).status_code == 400
    stranger = signing.sign(plain(issuer="https://vc.example/issuers/5678"), LOCAL)
    assert service.verify(stranger).status_code == 400


# --- vc-data-model-2.0: envelopes


def test_an_envelope_is_issued_and_read_and_one_of_another_form_is_not(service: Service) -> None:
    envelope = service.issued(plain(id=f"urn:uuid:{uuid4()}"), "vc-jwt")
    assert (envelope["@context"], envelope["type"]) == (V2, "EnvelopedVerifiableCredential")
    assert envelope["id"].startswith("data:application/vc+jwt,")
    header, payload, _ = (part.partition(",")[2] or part for part in envelope["id"].split("."))
    assert json.loads(unpadded(header))["alg"] == "EdDSA"
    assert json.loads(unpadded(payload)).items() >= plain(issuer=service.did).items()
    assert service.verify(envelope).status_code == 200
    changes: list[Json] = [
        {"@context": []},
        {"@context": EXAMPLES},
        {"id": envelope["id"].partition(",")[2]},
        {"type": ...},
        {"type": "VerifiableCredential"},
    ]
    for change in changes:
        changed = {name: value for name, value in (envelope | change).items() if value is not ...}
        assert service.verify(changed).status_code == 400, change


def unpadded(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


# --- vc-di-eddsa and vc-di-ed25519signature2020: what is made


@pytest.mark.parametrize("version", ["1.1", "2.0"])
@pytest.mark.parametrize("way", ["eddsa-rdfc-2022", "eddsa-jcs-2022", "Ed25519Signature2020"])
def test_a_proof_has_the_form_that_its_suite_describes(service: Service, way: str, version: str) -> None:
    source = plain(id=f"urn:uuid:{uuid4()}") if version == "2.0" else old()
    content = service.issued(source, way)
    proof = content["proof"]
    is_old_suite = way == "Ed25519Signature2020"
    assert (proof["type"], proof.get("cryptosuite")) == ((way, None) if is_old_suite else ("DataIntegrityProof", way))
    assert proof["proofPurpose"] == "assertionMethod"
    assert DATE.fullmatch(proof["created"])
    assert len(signing.from_base58(proof["proofValue"].removeprefix("z"), 64)) == 64
    assert proof["verificationMethod"] == f"{service.did}#{service.did.removeprefix('did:key:')}"
    public = signing.from_base58(service.did.removeprefix("did:key:z"), 34)
    assert public[:2] == b"\xed\x01"
    expected = signing.ED25519_2020 if is_old_suite else V2 if version == "2.0" else signing.DATA_INTEGRITY
    assert expected in content["@context"]
    assert ("@context" in proof) == (way == "eddsa-jcs-2022")
    answer = service.verify(content)
    assert (answer.status_code, answer.json()["verified"]) == (200, True), answer.text


# --- vc-di-eddsa, vc-di-ed25519signature2020 and vc-api-verifier: what is refused


NO_LIST_OF_TEXTS: list[Any] = [..., "string", {}, None, 10, True, [[]], [{}], [None], [10], [True]]
WRONG: dict[str, list[Any]] = {
    "@context": NO_LIST_OF_TEXTS,
    "type": [*NO_LIST_OF_TEXTS, ["VerifiableCredential", "UnknownType"]],
    "issuer": [..., [], None, 10, True],
    "credentialSubject": [..., "string", None, 10, True, []],
    "proof": [..., "string", None, 10, True, []],
    "unknownTerm": ["added afterwards"],
    "proof/type": [..., "UnknownProofType"],
    "proof/cryptosuite": ["unknown-cryptosuite-2017"],
    "proof/verificationMethod": [..., "did:key:@invalidVm@"],
    "proof/proofPurpose": [..., "invalidPurpose"],
    "proof/proofValue": [..., None],
}


@pytest.mark.parametrize("way", ["eddsa-rdfc-2022", "eddsa-jcs-2022", "Ed25519Signature2020"])
def test_what_is_missing_or_of_the_wrong_form_is_refused(service: Service, way: str) -> None:
    for source in (plain(id="urn:uuid:5c7b1ad9-6a3e-4e16-8a62-6b4de1a54bb1"), old()):
        content = service.issued(source, way)
        for path, value in ((path, value) for path, values in WRONG.items() for value in values):
            changed = copy.deepcopy(content)
            node, last = (changed["proof"] if "/" in path else changed), path.rpartition("/")[2]
            node |= {last: value}
            if value is ...:
                del node[last]
            answer = service.verify(changed)
            assert (answer.status_code, answer.json()["verified"]) == (400, False), (path, value)
        value = content["proof"]["proofValue"]
        for other in (value[1:], "z" + signing.base58(signing.from_base58(value[1:], 64) + bytes(32))):
            assert service.verify(content | {"proof": content["proof"] | {"proofValue": other}}).status_code == 400


def test_the_date_of_a_proof_is_part_of_the_older_suite_and_optional_in_data_integrity(service: Service) -> None:
    dateless = [
        signing.sign(plain(issuer=LOCAL.did, **{"@context": [V2, signing.ED25519_2020]}), LOCAL, suite, created=signing.DROP)
        for suite in (signing.LEGACY, signing.RDFC, signing.JCS)
    ]
    assert [service.verify(content).status_code for content in dateless] == [400, 200, 200]


def test_proofs_over_another_canonical_form_or_hash_are_refused(service: Service) -> None:
    source = plain(issuer=LOCAL.did)
    options = {"type": "DataIntegrityProof", "cryptosuite": signing.RDFC, "created": signing.CREATED}
    options |= {"verificationMethod": LOCAL.method, "proofPurpose": "assertionMethod"}
    by_jcs = signing.concatenated(signing.jcs(options | {"@context": [V2]}), signing.jcs(source))
    by_rdfc = signing.concatenated(signing.rdfc(options | {"@context": [V2]}), signing.rdfc(source))
    sha512 = hashlib.sha512(by_rdfc).digest()
    for message, status in ((by_rdfc, 200), (by_jcs, 400), (sha512, 400)):
        content = source | {"proof": options | {"proofValue": "z" + signing.base58(LOCAL.sign(message))}}
        assert service.verify(content).status_code == status


# --- Data Integrity: sets and chains


@pytest.mark.parametrize("version", ["1.1", "2.0"])
def test_chains_of_proofs(service: Service, version: str) -> None:
    own = {"@context": [V1, signing.DATA_INTEGRITY]} if version == "1.1" else {}
    source = (old(**own) if version == "1.1" else plain()) | {"issuer": LOCAL.did}
    first = signing.sign(source, LOCAL, id="urn:uuid:26329423-bec9-4b2e-88cb-a7c7d9dc4544")
    name, other = first["proof"]["id"], signing.FORGER
    for previous in (name, [name]):
        assert service.verify(signing.sign(first, other, previousProof=previous)).status_code == 200
    chained = signing.sign(first, other, previousProof=name)
    for previous in ("urn:uuid:missing", [name, "urn:uuid:missing"], 5, {"id": name}):
        last = chained["proof"][1] | {"previousProof": previous}
        assert service.verify(chained | {"proof": [chained["proof"][0], last]}).status_code == 400
    spoilt = chained["proof"][0] | {"created": "2026-05-20T14:05:01Z"}
    assert service.verify(chained | {"proof": [spoilt, chained["proof"][1]]}).status_code == 400


# --- vc-bitstring-status-list


def test_a_status_entry_and_its_list_have_the_form_that_the_standard_describes(service: Service) -> None:
    content = service.issued(plain(id=f"urn:uuid:{uuid4()}"), "status-list")
    entry = content["credentialStatus"]
    assert (entry["type"], entry["statusPurpose"]) == ("BitstringStatusListEntry", "revocation")
    assert entry["id"] != entry["statusListCredential"]
    assert str(int(entry["statusListIndex"])) == entry["statusListIndex"]
    assert "statusSize" not in entry
    answer = service.client.get(entry["statusListCredential"])
    assert (answer.status_code, "json" in answer.headers["content-type"]) == (200, True)
    listed = answer.json()
    assert "BitstringStatusListCredential" in listed["type"]
    assert isinstance(listed["type"], list)
    assert isinstance(listed["issuer"], str)
    subject = listed["credentialSubject"]
    assert (subject["type"], subject["statusPurpose"]) == ("BitstringStatusList", "revocation")
    assert len(gzip.decompress(unpadded(subject["encodedList"].removeprefix("u")))) >= 16 * 1024
    assert service.verify(listed).status_code == 200
    assert service.verify(content).status_code == 200


def test_a_status_that_is_changed_is_seen(service: Service) -> None:
    content = service.issued(plain(id=f"urn:uuid:{uuid4()}"), "status-list")
    change = {
        "credentialId": content["id"],
        "credentialStatus": {"type": "BitstringStatusListEntry", "statusPurpose": "revocation"},
        "status": True,
    }
    assert service.client.post("/credentials/status", json=change).status_code == 200
    entry = content["credentialStatus"]
    listed = service.client.get(entry["statusListCredential"]).json()
    bits = gzip.decompress(unpadded(listed["credentialSubject"]["encodedList"].removeprefix("u")))
    index = int(entry["statusListIndex"])
    assert bits[index // 8] & 0x80 >> index % 8
    answer = service.verify(content)
    assert (answer.status_code, answer.json()["problemDetails"][0]["type"]) == (400, "urn:badgeissuer:problem:revoked")


@pytest.mark.parametrize(
    "status",
    [
        {"type": "BitstringStatusListEntry", "statusPurpose": "revocation", "statusListIndex": True, "statusListCredential": TERM},
        {"type": "BitstringStatusListEntry", "statusListIndex": "1", "statusListCredential": TERM},
        {"type": "BitstringStatusListEntry", "statusPurpose": "revocation", "statusListIndex": "1", "statusListCredential": "x"},
        {"type": "StatusList2099Entry"},
    ],
)
def test_a_status_that_cannot_be_looked_up_is_never_fine(service: Service, status: Json) -> None:
    source = plain(issuer=LOCAL.did, credentialStatus=status) | {"@context": [V2, {"StatusList2099Entry": TERM}]}
    assert service.verify(signing.sign(source, LOCAL, signing.JCS)).status_code == 400


# --- vc-api-issuer


def test_a_credential_of_version_1_1_is_issued_with_its_dates(service: Service) -> None:
    source = old(issuanceDate="2026-05-20T14:05:00Z", expirationDate="2999-05-20T14:05:00Z", **{"@context": [V1]})
    for way in ("eddsa-rdfc-2022", "eddsa-jcs-2022", "Ed25519Signature2020", "vc-jwt"):
        content = service.issued(source, way)
        assert service.verify(content).status_code == 200


@pytest.mark.parametrize(
    "change", [{"issuanceDate": ...}, {"issuanceDate": "today"}, {"expirationDate": "2001-01-01T00:00:00Z"}, {"validFrom": 5}], ids=str
)
def test_a_credential_of_version_1_1_that_does_not_conform_is_not_issued(service: Service, change: Json) -> None:
    assert service.refuses_to_issue(old(**change))


def test_whatever_is_asked_for_nothing_fails(service: Service) -> None:
    """No answer to what the suites send is a 500: it is a refusal, and says why."""
    values: list[Any] = [None, True, 4, -1.5e300, "", "x" * 5000, [], [[]], {}, {"@id": "x"}, {"@value": None}, {"@list": []}, ["_:b"]]
    for value in values:
        for name in ("@context", "id", "type", "issuer", "credentialSubject", "name", "validFrom", "evidence", "proof", "relatedResource"):
            answer = service.issue(plain() | {name: value})
            assert answer.status_code in {201, 400}, (name, value, answer.text)
