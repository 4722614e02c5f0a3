"""Letters, handed to a real mail server that takes them, refuses them, hangs up, or is not there."""

from __future__ import annotations

import socket
import ssl
import threading
from email.message import EmailMessage
from typing import TYPE_CHECKING

import pytest
from tests.net import posthouse

from badgeissuer.net import mail

if TYPE_CHECKING:
    from tests.net.conftest import Authority

ASHA = "asha@example.org"
FROM = "badges@example.edu"


def letter(recipient: str = ASHA, text: str = "Hello") -> mail.Letter:
    message = EmailMessage()
    message["From"], message["To"], message["Subject"] = FROM, recipient, "A badge"
    message.set_content(text)
    return mail.Letter(FROM, recipient, message)


def outlet(url: str, tls: ssl.SSLContext | None = None) -> mail.Outlet:
    return mail.Outlet(mail.read_url(url), tls=tls, seconds=5)


def test_a_letter_is_taken() -> None:
    with posthouse.posthouse() as house:
        to = outlet(house.url)
        assert to.send(letter(text=".\n..\nwith dots, ü")).outcome == "taken"
        to.close()
    assert house.letters[0][:2] == (FROM, [ASHA])
    assert house.messages()[0].get_content().splitlines() == [".", "..", "with dots, ü"]


def test_letters_go_over_one_connection_and_one_that_is_refused_spoils_no_other() -> None:
    with posthouse.posthouse() as house:
        house.says |= {
            "nobody@example.org": "550 5.1.1 No such\tmailbox",
            "full@example.org": "452 4.2.2 Mailbox full",
            "data:spam@example.org": "554 5.7.1 Not wanted",
            "data:grey@example.org": "451 Come back later",
        }
        to = outlet(house.url)
        found = [to.send(letter(one)) for one in ("nobody@example.org", "full@example.org", "spam@example.org", "grey@example.org", ASHA)]
        to.close()
        assert house.connections == 1
    assert [(one.outcome, one.status) for one in found] == [
        ("refused", 550),
        ("later", 452),
        ("refused", 554),
        ("later", 451),
        ("taken", 250),
    ]
    assert found[0].words == "5.1.1 No such mailbox"
    assert [recipients for _, recipients, _ in house.letters] == [[ASHA]]


def test_a_sender_that_the_server_does_not_like_is_not_held_against_the_recipient() -> None:
    with posthouse.posthouse() as house:
        house.says[FROM] = "550 You are nobody"
        to = outlet(house.url)
        assert to.send(letter()) == mail.Answer("later", "You are nobody", 550)
        to.close()


def test_a_server_that_says_good_bye_is_connected_to_anew() -> None:
    with posthouse.posthouse() as house:
        house.says["tired@example.org"] = "421 Too many letters"
        to = outlet(house.url)
        assert to.send(letter("tired@example.org")).outcome == "later"
        assert to.send(letter()).outcome == "taken"
        to.close()
        assert house.connections == 2


@pytest.mark.parametrize("place", [FROM, ASHA, f"data:{ASHA}"])
def test_a_connection_that_is_cut_in_the_middle_is_opened_anew(place: str) -> None:
    with posthouse.posthouse() as house:
        house.says[place] = posthouse.CUT
        to = outlet(house.url)
        with pytest.raises(mail.NotReachedError, match="was lost") as caught:
            to.send(letter())
        assert not caught.value.is_ours
        house.says.clear()
        assert to.send(letter()).outcome == "taken"
        to.close()


def test_nobody_at_the_other_end_is_said_so() -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    with pytest.raises(mail.NotReachedError, match="is not reached") as caught:
        outlet(f"smtp://127.0.0.1:{port}").send(letter())
    assert caught.value.is_ours


def test_a_server_that_never_says_a_word_is_not_waited_for_long() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        to = mail.Outlet(mail.read_url(f"smtp://127.0.0.1:{silent.getsockname()[1]}"), seconds=0.1)
        with pytest.raises(mail.NotReachedError) as caught:
            to.send(letter())
        assert caught.value.is_ours


@pytest.mark.parametrize("greeting", [b"554 Go away\r\n", b"nonsense\r\n", b"\x00" * 10_000])
def test_a_server_that_lets_nobody_in_is_said_so(greeting: bytes) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def greet() -> None:
            connection, _ = listener.accept()
            with connection:
                connection.sendall(greeting)

        thread = threading.Thread(target=greet)
        thread.start()
        with pytest.raises(mail.NotReachedError) as caught:
            outlet(f"smtp://127.0.0.1:{listener.getsockname()[1]}").send(letter())
        thread.join()
    assert caught.value.is_ours


USER = f"{posthouse.USER}:p%40ss%3Aw%2Frd@"


def test_a_password_is_given_under_tls_only_where_the_certificate_fits(authority: Authority) -> None:
    with posthouse.posthouse(starttls=authority.server("localhost"), auth=True) as house:
        url = f"smtp+starttls://{USER}localhost:{house.port}"
        to = outlet(url, authority.client())
        assert to.send(letter()).outcome == "taken"
        to.close()
        with pytest.raises(mail.NotReachedError, match="does not prove under TLS"):
            outlet(url).send(letter())
        with pytest.raises(mail.NotReachedError, match="does not prove under TLS"):
            outlet(url.replace("localhost", "127.0.0.1"), authority.client()).send(letter())


def test_tls_from_the_beginning(authority: Authority) -> None:
    with posthouse.posthouse(tls=authority.server("localhost")) as house:
        to = outlet(f"smtps://localhost:{house.port}", authority.client())
        assert to.send(letter()).outcome == "taken"
        to.close()
        with pytest.raises(mail.NotReachedError, match="does not prove under TLS"):
            outlet(f"smtps://localhost:{house.port}").send(letter())


def test_a_server_without_starttls_gets_no_password() -> None:
    with posthouse.posthouse(auth=True) as house:
        with pytest.raises(mail.NotReachedError, match="STARTTLS") as caught:
            outlet(f"smtp+starttls://{USER}127.0.0.1:{house.port}").send(letter())
        assert caught.value.is_ours


def test_a_wrong_password_is_said_without_repeating_it() -> None:
    with posthouse.posthouse(auth=True) as house:
        to = outlet(f"smtp://{USER}127.0.0.1:{house.port}")
        assert to.send(letter()).outcome == "taken"
        to.close()
        with pytest.raises(mail.NotReachedError, match="refuses the name and password") as caught:
            outlet(f"smtp://badges:wrong-one@127.0.0.1:{house.port}").send(letter())
        assert caught.value.is_ours
        assert "wrong-one" not in caught.value.reason


def test_an_address_beyond_ascii_goes_where_the_server_can_take_it() -> None:
    with posthouse.posthouse() as house:
        to = outlet(house.url)
        assert to.send(letter("jörg@example.org")).outcome == "taken"
        assert to.send(letter()).outcome == "taken"
        to.close()
    assert house.letters[0][1] == ["jörg@example.org"]
    assert "jörg@example.org".encode() in house.letters[0][2]


def test_and_is_refused_in_plain_words_where_it_cannot() -> None:
    with posthouse.posthouse(utf8=False) as house:
        to = outlet(house.url)
        assert to.send(letter("jörg@example.org")) == mail.Answer("refused", mail.UNABLE, None)
        assert to.send(letter()).outcome == "taken"
        to.close()


def test_what_a_server_says_is_cut_and_cleaned() -> None:
    assert mail.said(b"No\r\nsuch\x00 \xff " + b"x" * 1000) == ("No such � " + "x" * 1000)[: mail.MOST_WORDS]


def test_domains_are_written_as_name_servers_know_them() -> None:
    assert mail.ascii_domain("asha@bücher.example") == "asha@xn--bcher-kva.example"
    assert mail.ascii_domain(f"asha@{'ü' * 70}.example") == f"asha@{'ü' * 70}.example"


@pytest.mark.parametrize(
    ("url", "server"),
    [
        ("smtp://mail.example.org", mail.Server("smtp", "mail.example.org", 25)),
        ("smtp+starttls://a:b@mail.example.org", mail.Server("smtp+starttls", "mail.example.org", 587, "a", "b")),
        ("smtps://a%40b:c%3Ad@mail.example.org:4465/", mail.Server("smtps", "mail.example.org", 4465, "a@b", "c:d")),
    ],
)
def test_a_server_is_named_by_a_url(url: str, server: mail.Server) -> None:
    assert mail.read_url(url) == server
    assert server.password == "" or server.password not in repr(server)


@pytest.mark.parametrize(
    "url",
    [
        "http://mail.example.org", "mail.example.org", "smtp://", "smtp://host:99999", "smtp://host:port", "smtp://host/path",
        "smtp://host?x=1", "smtp://user:%ff@host", "smtp://[::1",
    ],
)  # fmt: skip
def test_what_names_no_server_is_refused_without_repeating_it(url: str) -> None:
    with pytest.raises(ValueError, match="must be smtp://") as caught:
        mail.read_url(url)
    assert caught.value.__suppress_context__ or caught.value.__context__ is None


def test_only_to_this_machine_a_password_may_travel_in_the_clear() -> None:
    assert mail.read_url("smtp://a:b@mail.example.org").gives_away
    for url in ("smtp://mail.example.org", "smtps://a:b@mail.example.org", "smtp://a:b@localhost", "smtp://a:b@127.0.0.1"):
        assert not mail.read_url(url).gives_away


def test_a_sender_is_an_address_or_a_name_with_one() -> None:
    assert mail.read_mailbox("badges@example.edu") == mail.Mailbox("badges@example.edu")
    assert mail.read_mailbox(' "Badges, Example" <badges@example.edu> ') == mail.Mailbox("badges@example.edu", "Badges, Example")


@pytest.mark.parametrize(
    "text", ["badges", "<badges@example.edu", "a@example.edu\nBcc: b@example.edu", "A\n <a@b.example>", "ü@b.example", "A <>"]
)
def test_anything_else_is_no_sender(text: str) -> None:
    with pytest.raises(ValueError, match="must be an e-mail address"):
        mail.read_mailbox(text)
