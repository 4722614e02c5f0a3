"""The OpenID provider that staff sign in at: what it says of itself, its keys, and what it gives for a code.

Source: OpenID Connect Discovery 1.0, RFC 8414, OpenID Connect Core 1.0 section 3.1.3, RFC 6749 sections 2.3.1 and 4.1.3. The operator
names the provider; whatever it names in its turn is reached as strangers' addresses are: resolved once, checked, and without redirects.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlencode, urlsplit

from authlib.oauth2.auth import ClientAuth
from authlib.oauth2.rfc6749.parameters import prepare_grant_uri
from authlib.oauth2.rfc7636 import create_s256_code_challenge

from badgeissuer import problem
from badgeissuer.net import fetch, post
from badgeissuer.vc import verification

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import datetime

SCOPE = "openid email profile"
LONGEST_CODE = 4096
"""Characters."""
_OK = 200
_FORM = "application/x-www-form-urlencoded"
_ENDPOINTS = ("authorization_endpoint", "token_endpoint", "jwks_uri")


@dataclass(frozen=True, slots=True)
class Registration:
    """The provider, and how it knows this service.

    Attributes:
        issuer: The URL that names it.
        client_id: Our name there.
        client_secret: What proves that we are we; empty for a public client.
        name: What to call the provider on a button.
        allow_private: Whether it may be at a private address, over http and at any port.
    """

    issuer: str
    client_id: str
    client_secret: str = field(default="", repr=False)
    name: str = ""
    allow_private: bool = False

    @property
    def ports(self) -> frozenset[int]:
        """The ports that it may be at: that of https, and its own."""
        return frozenset({443, urlsplit(self.issuer).port or 443})


class Provider:
    """Asks the provider; many threads may share one.

    Args:
        registration: Which it is.
        clock: Says at what time a document was fetched.
    """

    def __init__(self, registration: Registration, *, clock: Callable[[], datetime]) -> None:
        self.registration = registration
        ports, is_near = registration.ports, registration.allow_private
        self._fetcher = fetch.Fetcher(
            fetch.Limits(ports=ports, allow_private=is_near, max_redirects=0, kept_documents=8, per_host=None, per_address=None),
            clock=clock,
        )
        self._poster = post.Poster(post.Reach(ports=ports, allow_private=is_near))

    def close(self) -> None:
        """Let go of the threads."""
        self._fetcher.close()
        self._poster.close()

    def describe(self) -> dict[str, Any]:
        """Return what the provider says of itself; kept for as long as it allows, an hour at most.

        Raises:
            problem.Unavailable: It cannot be had, is that of another provider, or names no place to go to.
        """
        issuer = self.registration.issuer
        found = self._document(f"{issuer.rstrip('/')}/.well-known/openid-configuration")
        if found.get("issuer") != issuer:
            raise _unusable("says that it is another one than the settings name")
        plain = not issuer.startswith("https://")
        for name in _ENDPOINTS:
            url = found.get(name)
            if not isinstance(url, str) or not url.startswith(("https://", "http://") if plain else "https://"):
                raise _unusable(f"names no {name}")
        return found

    def keys(self, *, fresh: bool = False) -> list[Mapping[str, Any]]:
        """Return the keys that the provider publishes; `fresh` where one that it names was not among them.

        Raises:
            problem.Unavailable: They cannot be had.
        """
        keys = self._document(self.describe()["jwks_uri"], fresh=fresh).get("keys")
        if not isinstance(keys, list):
            raise _unusable("publishes no keys")
        return [key for key in keys if isinstance(key, dict)]

    def way_in(self, *, state: str, nonce: str, verifier: str, back: str) -> str:
        """Return the URL that a browser is sent to; only the digest of `verifier` goes along (RFC 7636)."""
        return str(
            prepare_grant_uri(
                self.describe()["authorization_endpoint"],
                self.registration.client_id,
                "code",
                redirect_uri=back,
                scope=SCOPE,
                state=state,
                nonce=nonce,
                code_challenge=create_s256_code_challenge(verifier),
                code_challenge_method="S256",
            )
        )

    def redeem(self, code: str, *, verifier: str, back: str) -> tuple[str, str]:
        """Return the ID token and the access token for a code.

        Raises:
            problem.Unauthenticated: The provider does not give any.
            problem.Unavailable: It cannot be asked.
        """
        about = self.describe()
        form = {"grant_type": "authorization_code", "code": code, "redirect_uri": back, "code_verifier": verifier}
        url, headers, body = self._method(about).prepare(
            "POST", about["token_endpoint"], {"Content-Type": _FORM, "Accept": "application/json"}, urlencode(form)
        )
        status, found = self._ask("POST", url, body.encode(), headers)
        token, access = found.get("id_token"), found.get("access_token")
        if status != _OK or not isinstance(token, str):
            raise problem.Unauthenticated("The provider does not stand by its answer: it may be used already, or too old. Begin again.")
        return token, access if isinstance(access, str) else ""

    def told(self, access: str) -> dict[str, Any]:
        """Return what the provider's UserInfo tells of who signed in; nothing where it has none."""
        url = self.describe().get("userinfo_endpoint")
        if not access or not access.isascii() or not access.isprintable() or not isinstance(url, str):
            return {}
        status, found = self._ask("GET", url, b"", {"Authorization": f"Bearer {access}", "Accept": "application/json"})
        return found if status == _OK else {}

    def _method(self, about: Mapping[str, Any]) -> ClientAuth:
        """Return how we prove who we are: in the header where that is taken, else in the form."""
        client, secret = self.registration.client_id, self.registration.client_secret
        if not secret:
            return ClientAuth(client, None, "none")
        taken = about.get("token_endpoint_auth_methods_supported")
        if isinstance(taken, list) and "client_secret_basic" not in taken and "client_secret_post" in taken:
            return ClientAuth(client, secret, "client_secret_post")
        return ClientAuth(quote(client, safe=""), quote(secret, safe=""), "client_secret_basic")

    def _ask(self, method: str, url: str, body: bytes, headers: Mapping[str, str]) -> tuple[int, dict[str, Any]]:
        try:
            status, content = self._poster.ask(method, url, body, headers=headers)
        except post.NotReachedError as error:
            raise _unreached(error.reason) from None
        return status, _object(content)

    def _document(self, url: str, *, fresh: bool = False) -> dict[str, Any]:
        found = self._fetcher.fetch(url, fresh=fresh)
        if isinstance(found, verification.Unreachable):
            raise _unreached(found.reason)
        return _object(found.body)


def _object(content: bytes) -> dict[str, Any]:
    try:
        found = json.loads(content.decode("utf-8"))
    except (ValueError, RecursionError):
        found = None
    return found if isinstance(found, dict) else {}


def _unreached(reason: str) -> problem.Unavailable:
    why = f"The provider that you would sign in at is not reached: {reason}."
    return problem.Unavailable(f"{why} Try again in a moment, or come in another way.")


def _unusable(what: str) -> problem.Unavailable:
    return problem.Unavailable(f"The provider that you would sign in at {what}. An administrator has to look at the settings.")
