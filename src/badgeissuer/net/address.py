"""Which URLs, and which addresses behind their names, may be fetched from.

There is one strict reading of a URL: what another reader could take in another way is refused, not repaired.
"""

from __future__ import annotations

import ipaddress
import re
import urllib.parse
from dataclasses import dataclass

MAX_LENGTH = 2048
"""Characters of a URL."""

_CHARACTERS = re.compile(r"[!-\[\]-~]+")  # printable ASCII without the backslash, which some readers take for a slash
_URL = re.compile(r"(https?)://([a-z0-9.-]+)(?::([1-9][0-9]{0,4}))?([/?].*)?", re.IGNORECASE)
_LABEL = r"(?!-)[a-z0-9-]{1,63}(?<!-)"
# The last label decides: a number there, in any notation, would make the host an IPv4 address to some resolvers.
_NAME = re.compile(rf"(?=.{{1,253}}\Z)(?:{_LABEL}\.)+(?:[a-z]{{2,63}}|xn--[a-z0-9-]{{1,58}}[a-z0-9])")
_NOT_PUBLIC_NAMES = frozenset(
    {"alt", "arpa", "corp", "home", "internal", "intranet", "invalid", "lan", "local", "localdomain", "localhost"}
    | {"onion", "private", "test"}
)
"""Last labels that no public name server answers for, or that lead to a network of one's own (RFC 6761 and custom)."""
_AMBIGUOUS = re.compile(r"///|[a-z][a-z0-9+.-]*:(?!//)", re.IGNORECASE)
"""References that browsers take for another host and others for a path of the same one."""
_DEFAULT_PORTS = {"http": 80, "https": 443}

_PRIVATE = tuple(
    ipaddress.ip_network(text)
    for text in ("10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "::1/128", "fc00::/7")
)
# Lists of our own, because `is_global` of Python 3.11 is true of NAT64, 6to4, multicast and site-local addresses.
# Source: the IANA IPv4 and IPv6 Special-Purpose Address Registries.
_NOT_PUBLIC_4 = tuple(
    ipaddress.IPv4Network(text)
    for text in (
        "0.0.0.0/8",
        "10.0.0.0/8",
        "100.64.0.0/10",  # carrier-grade NAT; some clouds keep their metadata here
        "127.0.0.0/8",
        "168.63.129.16/32",  # Azure's own services on every host, though the number is a public one
        "169.254.0.0/16",
        "172.16.0.0/12",
        "192.0.0.0/24",
        "192.0.2.0/24",
        "192.31.196.0/24",
        "192.52.193.0/24",
        "192.88.99.0/24",
        "192.168.0.0/16",
        "192.175.48.0/24",
        "198.18.0.0/15",
        "198.51.100.0/24",
        "203.0.113.0/24",
        "224.0.0.0/4",
        "240.0.0.0/4",
    )
)
_PUBLIC_6 = ipaddress.IPv6Network("2000::/3")
"""Global unicast; mapped, NAT64, unique local, link-local, site-local and multicast addresses all lie outside."""
_NOT_PUBLIC_6 = tuple(
    ipaddress.IPv6Network(text)
    for text in (
        "2001::/23",  # protocol assignments, among them Teredo, which holds an IPv4 address
        "2001:db8::/32",
        "2002::/16",  # 6to4, which holds an IPv4 address
        "2620:4f:8000::/48",
        "3fff::/20",
    )
)


@dataclass(frozen=True, slots=True)
class Target:
    """A URL that may be asked for, once its addresses are allowed too.

    Attributes:
        url: In one form: scheme and host in lower case, without a fragment.
        host: In lower case.
        port: The one that is named, or the scheme's own.
    """

    url: str
    host: str
    port: int


def read_url(text: str, *, ports: frozenset[int], allow_private: bool) -> Target | None:
    """Return where a URL leads, or None for one that is not fetched from.

    Args:
        text: The URL as somebody gave it.
        ports: The ports that may be asked for.
        allow_private: Also allow http, any port, names of private networks, `localhost` and an IPv4 address in its usual form.
    """
    if len(text) > MAX_LENGTH or not _CHARACTERS.fullmatch(text):
        return None
    found = _URL.fullmatch(text.partition("#")[0])
    if found is None:
        return None
    scheme, host, rest = found[1].lower(), found[2].lower(), found[4] or "/"
    port = int(found[3] or _DEFAULT_PORTS[scheme])
    allowed = _private_is_fine(host, port) if allow_private else scheme == "https" and port in ports and _is_public_name(host)
    return Target(f"{scheme}://{host}:{port}{rest if rest[0] == '/' else '/' + rest}", host, port) if allowed else None


def follow(url: str, location: str) -> str:
    """Return the absolute URL that a `Location` names, or nothing where it cannot be read in one way only."""
    # Looked at before joining, which would drop tabs and line ends in silence.
    if not _CHARACTERS.fullmatch(location) or _AMBIGUOUS.match(location):
        return ""
    try:
        return urllib.parse.urljoin(url, location)
    except ValueError:
        return ""


def is_allowed(address: str, *, allow_private: bool) -> bool:
    """Return whether a connection may be made to `address`, an IP address as a resolver gave it.

    Link-local addresses, where clouds keep their metadata, are refused even where private networks are allowed.
    """
    try:
        ip = ipaddress.ip_address(address)
    except ValueError:
        return False
    if isinstance(ip, ipaddress.IPv4Address):
        public = not any(ip in network for network in _NOT_PUBLIC_4)
    else:
        public = ip in _PUBLIC_6 and ip.scope_id is None and not any(ip in network for network in _NOT_PUBLIC_6)
    return public or (allow_private and any(ip in network for network in _PRIVATE))


def neighbourhood(address: str) -> str:
    """Return what counts as one place among addresses: an IPv4 address, and the network of 64 bits that an IPv6 address lies in."""
    ip = ipaddress.ip_address(address)
    return address if ip.version == 4 else str(ipaddress.IPv6Network((int(ip) >> 64 << 64, 64)))  # noqa: PLR2004 - as the names say


def _is_public_name(host: str) -> bool:
    return _NAME.fullmatch(host) is not None and host.rpartition(".")[2] not in _NOT_PUBLIC_NAMES


def _private_is_fine(host: str, port: int) -> bool:
    return port < 2**16 and (host == "localhost" or _NAME.fullmatch(host) is not None or _is_dotted_quad(host))


def _is_dotted_quad(host: str) -> bool:
    try:
        ipaddress.IPv4Address(host)
    except ValueError:
        return False
    return True
