from __future__ import annotations

import pytest

from badgeissuer import problem
from badgeissuer.awarding import event, idmap

HEAD = "source,source_id,email,sis_id,did,orcid"


def read(*lines: str, head: str = HEAD) -> tuple[idmap.Row, ...]:
    return idmap.read("\n".join((head, *lines)).encode())


def faults(*lines: str, head: str = HEAD) -> dict[str, str]:
    with pytest.raises(problem.Invalid) as caught:
        read(*lines, head=head)
    return {finding.pointer: finding.detail for finding in caught.value.findings}


def test_a_row_says_who_a_learner_of_a_source_is() -> None:
    (row,) = read("canvas, 4211 ,asha@example.org,S-1,did:key:z6Mk,https://orcid.org/0000-0002-1825-0097")
    assert row == idmap.Row(2, "canvas", event.LearnerClaim("4211", "S-1", "asha@example.org", None, "did:key:z6Mk", "0000-0002-1825-0097"))


@pytest.mark.parametrize("mark", [",", ";", "\t"])
def test_tables_of_all_spreadsheets_are_read(mark: str) -> None:
    body = mark.join(("email", "source", "source_id")) + "\r\n" + mark.join(('"a@example.org"', "canvas", "1")) + "\r\n"
    (row,) = idmap.read(b"\xef\xbb\xbf" + body.encode())
    assert row == idmap.Row(2, "canvas", event.LearnerClaim("1", None, "a@example.org", None))


def test_every_cell_that_is_wrong_is_told_with_its_row_and_column() -> None:
    found = faults("canvas,,asha,,did:x,1", "canvas,1,,,,", "canvas,2,a@example.org,\x01,,", "canvas,3", f"canvas,4,,{'x' * 513},,")
    assert found == {
        "/rows/2/source_id": "Row 2, column source_id: it is empty.",
        "/rows/2/email": "Row 2, column email: this is no e-mail address.",
        "/rows/2/did": "Row 2, column did: this is no DID.",
        "/rows/2/orcid": "Row 2, column orcid: this is no ORCID iD.",
        "/rows/3/email": "Row 3, column email: one of email, sis_id, did and orcid is needed.",
        "/rows/4/sis_id": "Row 4, column sis_id: it has at most 512 characters, and no control characters.",
        "/rows/5": "Row 5: it has not as many cells as the first line.",
        "/rows/6/sis_id": "Row 6, column sis_id: it has at most 512 characters, and no control characters.",
    }
    assert "Row 2" in faults("canvas,1,a@example.org,,,,extra")["/rows/2"]


@pytest.mark.parametrize(
    ("head", "says"),
    [
        ("source,email", "The column source_id is missing."),
        ("source,source_id,mail", "There is no column 'mail'"),
        ("source,source_id,email,email", "The column email stands twice."),
    ],
)
def test_the_first_line_must_name_the_columns(head: str, says: str) -> None:
    with pytest.raises(problem.Invalid) as caught:
        read("canvas,1", head=head)
    assert says in caught.value.detail


@pytest.mark.parametrize("body", [b"", b"\n\n", HEAD.encode(), b"\xef\xbb\xbf"])
def test_an_empty_table_is_refused(body: bytes) -> None:
    with pytest.raises(problem.Invalid):
        idmap.read(body)


@pytest.mark.parametrize("body", [b"source,source_id\n\xff,1", f'{HEAD}\ncanvas,"1"x,,,,'.encode()])
def test_what_is_no_table_is_malformed(body: bytes) -> None:
    with pytest.raises(problem.Malformed):
        idmap.read(body)


def test_a_table_that_is_too_long_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(idmap, "MAX_ROWS", 2)
    assert len(read(*(f"canvas,{number},a@example.org,,," for number in range(2)))) == 2
    with pytest.raises(problem.TooLarge):
        read(*(f"canvas,{number},a@example.org,,," for number in range(3)))
