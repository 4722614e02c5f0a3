"""What fits a view quickly is what the view itself has no fault to find with."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator
from typing import Any

import pydantic
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from badgeissuer.openbadges import clr, credential, endorsement, fit, legacy, model, values
from badgeissuer.vc.document import JsonObject

VIEWS: list[type[model.View]] = [
    model.AchievementCredential,
    legacy.AchievementCredential,
    legacy.EndorsementCredential,
    legacy.ClrCredential,
    endorsement.EndorsementCredential,
    clr.ClrCredential,
]
ODD = st.sampled_from(
    [
        *(None, "", 0, -1, 2.5, True, [], {}, "text", ["text"], "urn:x:y", "urn:x:é", "urn:x:y\n", "a:b|c", "Profile", ["Profile"]),
        *(
            ["Image"],
            "Image",
            ["Image", "Image"],
            ["Profile", "Other"],
            ["Other"],
            [["Profile"]],
            [None],
            "ext:Other",
            "ext:-",
            "Certificate",
        ),
        *(
            "Completed",
            "Percent",
            "2026-05-20T14:05:00Z",
            "2024-02-29T00:00:00Z",
            "2026-02-29T00:00:00Z",
            "2026-05-20",
            "0001-01-01T00:00:00+14:00",
        ),
        *("2026-05-31T23:59:59.5+02:00", "2026-05-20T24:00:00Z", "2026-05-20T14:05:00Z\n", "en", "en-GB", "xx_YY", {"id": "urn:x:y"}),
        *(
            {"id": "urn:x:y", "type": ["Profile"]},
            {"id": "urn:x:y", "type": ["Image"], "more": 1},
            {"type": "IdentityObject"},
            10**400,
            1e308,
        ),
        *(["VerifiableCredential", "OpenBadgeCredential", "ClrCredential"], ["OpenBadgeCredential"], ["VerifiableCredential"]),
    ]
)


def _is_read(view: type[model.View], source: object) -> bool:
    try:
        view.model_validate(source)
    except pydantic.ValidationError:
        return False
    return True


def _places(value: object) -> Iterator[tuple[Any, Any]]:
    """Yield every object and array of a document with each of its names or places."""
    for key, item in value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ():
        yield value, key
        yield from _places(item)


@pytest.fixture(scope="module")
def samples() -> list[JsonObject]:
    person = {"id": "urn:x:person", "type": ["Profile"], "name": "A", "parentOrg": {"id": "urn:x:b", "type": ["Profile", "Other"]}}
    return [
        {
            "id": "urn:x:1",
            "type": ["VerifiableCredential", kind],
            "issuer": person,
            "name": "N",
            "validFrom": "2026-05-20T14:05:00Z",
            "issuanceDate": "2026-05-20T14:05:00Z",
            "credentialSubject": subject,
        }
        for kind, subject in (
            ("EndorsementCredential", {"id": "urn:x:2", "type": ["EndorsementSubject"], "endorsementComment": "C"}),
            (
                "ClrCredential",
                {
                    "id": "urn:x:3",
                    "type": ["ClrSubject"],
                    "verifiableCredential": [{"a": 1}, "a.b.c"],
                    "association": [{"type": "Association", "associationType": "precedes", "sourceId": "urn:x:4", "targetId": "urn:x:5"}],
                },
            ),
        )
    ]


@given(st.data())
@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_what_fits_is_what_can_be_read(
    achievement: JsonObject,
    learner_results: list[JsonObject],
    compose: Callable[..., JsonObject],
    samples: list[JsonObject],
    data: st.DataObject,
) -> None:
    evidence = [{"type": ["Evidence"], "id": "https://portfolio.example/1", "name": "Photograph", "genre": "Picture"}]
    badge = compose(achievement, claims=credential.Claims(results=learner_results, evidence=evidence, credits_earned=2.5))
    source = copy.deepcopy(data.draw(st.sampled_from([badge, badge, badge | {"issuanceDate": badge["validFrom"]}, *samples])))
    for _ in range(data.draw(st.integers(0, 2))):
        node, key = data.draw(st.sampled_from(list(_places(source))))
        if data.draw(st.booleans()):
            node[key] = copy.deepcopy(data.draw(ODD))
        elif isinstance(node, dict):
            del node[key]
    assert [fit.fits(view, source) for view in VIEWS] == [_is_read(view, source) for view in VIEWS]


def test_badges_fit_and_are_not_read_again(
    achievement: JsonObject, compose: Callable[..., JsonObject], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pydantic.BaseModel, "model_validate", None)
    assert model.check(compose(achievement)) == ()


@given(st.from_regex(r"\A[A-Za-z][A-Za-z0-9+.-]*:[!#-;=?-\[\]_a-z~]+\Z"), st.integers(1900, 2099), st.integers(1, 12), st.integers(1, 28))
@settings(max_examples=50)
def test_what_is_let_through_without_a_check_would_pass_it(url: str, year: int, month: int, day: int) -> None:
    both = {"id": url, "type": ["EndorsementSubject"], "at": f"{year}-{month:02}-{day:02}T23:59:59Z"}

    class View(endorsement.EndorsementSubject):
        at: values.Moment

    assert _is_read(View, both)
    assert fit.fits(View, both)


@pytest.mark.parametrize("value", ["text", 5, None, [], ["x"]], ids=str)
def test_what_is_no_object_fits_nothing(value: Any) -> None:  # noqa: ANN401 - any JSON value
    for view in VIEWS:
        assert not fit.fits(view, value)


class _Plain(model.View):
    """A view whose check is none of `fit.Check`."""

    even: pydantic.conint(multiple_of=2)  # type: ignore[valid-type]
    shouted: str

    @pydantic.field_validator("shouted", mode="before")
    @classmethod
    def _shout(cls, value: object) -> object:
        return value.upper() if isinstance(value, str) else "NOTHING"


def test_other_checks_are_asked_as_they_are() -> None:
    assert fit.fits(_Plain, {"even": 2, "shouted": 5})
    assert not fit.fits(_Plain, {"even": 3, "shouted": "a"})
