"""Private signing keys in files, each wrapped so that the file alone is worth nothing.

A file holds an Ed25519 seed under XChaCha20-Poly1305. The key of that is derived from the passphrase with Argon2id and a salt of its own.
All other members of the file are associated data: a file cannot be passed off as another issuer's or another key's.
"""

from __future__ import annotations

import base64
import json
import os
import threading
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import nacl.exceptions
import nacl.pwhash.argon2id
import nacl.secret
import nacl.signing
import nacl.utils
import rfc8785

from badgeissuer import problem
from badgeissuer.vc import multikey

if TYPE_CHECKING:
    from pathlib import Path

OPERATIONS = 3
MEMORY_BYTES = 268_435_456
"""Argon2id at libsodium's MODERATE: a good half second on one core, once for each key and process."""
MAX_OPERATIONS = 16
MAX_MEMORY_BYTES = 1_073_741_824
"""What a file may ask of Argon2id at most."""

TRIED_FILES = 3
"""Files that are tried with a passphrase; one alone may be damaged."""
PUBLISHED_TEST_KEYS = frozenset(
    {
        "z6MkjZRZv3aez3r18pB1RBFJR1kwUVJ5jHt92JmQwXbd5hwi",  # OB-3.0 implementation guide
        "z6MkrJVnaZkeFzdQyMZu1cgjg7k1pZZ6pvBQ7XJPt4swbTQ2",  # VC-DI-EDDSA test vectors
        "z6MktgKTsu1QhX6QPbyqG6geXdw6FQCZBPq7uQpieWbiQiG7",  # VC-DI-EDDSA proof sets and chains, keys 1 to 4
        "z6MkhWqdDBPojHA7cprTGTt5yHv5yUi1B8cnXn8ReLumkw6E",
        "z6MkmEq87wkHCYnWnNZkigeDMGTN7oUw1upkhzd77KuXERS1",
        "z6Mkm1S51iPHJvDEkJ9MRtxJmT8Pqo6wHipAFwBAjN83vntT",
    }
)


@dataclass(frozen=True, slots=True)
class FileSigner:
    """A key that was unwrapped into this process."""

    verification_method: str
    public_key: multikey.PublicKey
    _key: nacl.signing.SigningKey = field(repr=False)

    def sign(self, message: bytes) -> bytes:
        """Return the Ed25519 signature, 64 bytes."""
        return self._key.sign(message).signature


class Keyring:
    """A folder of wrapped keys, and the keys unwrapped from it so far.

    Args:
        folder: Where the files are; made, for its owner only, when the first key is.
        passphrase: What they are wrapped with.
        operations: The passes of Argon2id for new files.
        memory_bytes: The memory of Argon2id for new files.
    """

    def __init__(self, folder: Path, passphrase: bytes, *, operations: int = OPERATIONS, memory_bytes: int = MEMORY_BYTES) -> None:
        self._folder = folder
        self._passphrase = passphrase
        self._cost = {"ops": operations, "mem": memory_bytes}
        self._open: dict[tuple[str, str], nacl.signing.SigningKey] = {}
        self._lock = threading.Lock()

    def check(self) -> None:
        """Open one of the keys that are there, if any: a wrong passphrase is found before anything is wrapped with it.

        Raises:
            problem.Fault: It does not open.
        """
        fault = None
        for path in sorted(self._folder.glob("*.key.json"))[:TRIED_FILES]:
            try:
                self._unwrap(None, path.name.removesuffix(".key.json"))
            except problem.Fault as error:
                fault = error
            else:
                return
        if fault is not None:
            raise fault

    def create(self, tenant: str) -> multikey.PublicKey:
        """Make a key for an issuer, wrap it into a file, and return its public half."""
        return self.keep(tenant, bytes(nacl.signing.SigningKey.generate()))

    def keep(self, tenant: str, seed: bytes) -> multikey.PublicKey:
        """Wrap a given seed of 32 bytes into a file and return the public half of the key; one that is kept already stays.

        Raises:
            problem.Invalid: The seed is published in a specification, so that anybody could sign with it.
            problem.Fault: The file cannot be written, or there is one that does not open for this issuer.
        """
        key = nacl.signing.SigningKey(seed)
        public = multikey.PublicKey(bytes(key.verify_key))
        if public.multikey in PUBLISHED_TEST_KEYS:
            raise problem.Invalid("This is a test key that a specification publishes; anybody could sign with it.")
        if not self._write(public.multikey, self._wrap(tenant, key, public.multikey)):
            self._unwrap(tenant, public.multikey)
        return public

    def signer(self, tenant: str, public: str, *, verification_method: str) -> FileSigner:
        """Return the signer of a key, unwrapping it the first time.

        Raises:
            problem.Fault: The file is missing, readable for others, damaged, of another issuer, or wrapped with another passphrase.
        """
        with self._lock:
            if (tenant, public) not in self._open:
                self._open[tenant, public] = self._unwrap(tenant, public)
            return FileSigner(verification_method, multikey.PublicKey.read(public), self._open[tenant, public])

    def is_open(self, tenant: str, public: str) -> bool:
        """Return whether a key was unwrapped before, so that signing with it takes no time."""
        return (tenant, public) in self._open

    def _path(self, public: str) -> Path:
        return self._folder / f"{public}.key.json"

    def _wrap(self, tenant: str, key: nacl.signing.SigningKey, public: str) -> dict[str, Any]:
        salt = nacl.utils.random(nacl.pwhash.argon2id.SALTBYTES)
        nonce = nacl.utils.random(nacl.secret.Aead.NONCE_SIZE)
        header: dict[str, Any] = {
            "v": 1,
            "kid": public,
            "tenant": tenant,
            "alg": "Ed25519",
            "kdf": {"name": "argon2id", **self._cost, "salt": _text(salt)},
            "wrap": "xchacha20poly1305-ietf",
            "nonce": _text(nonce),
            "pub": public,
        }
        box = nacl.secret.Aead(self._derive(header["kdf"]))
        return header | {"ct": _text(box.encrypt(bytes(key), rfc8785.dumps(header), nonce).ciphertext)}

    def _derive(self, kdf: dict[str, Any]) -> bytes:
        size = nacl.secret.Aead.KEY_SIZE
        if kdf["ops"] > MAX_OPERATIONS or kdf["mem"] > MAX_MEMORY_BYTES:
            raise ValueError("a changed file could keep this process busy for days")
        return nacl.pwhash.argon2id.kdf(size, self._passphrase, _bytes(kdf["salt"]), opslimit=kdf["ops"], memlimit=kdf["mem"])

    def _write(self, public: str, wrapped: dict[str, Any]) -> bool:
        """Write the file of a key and return True; one that is there already is never replaced, since it may be another issuer's."""
        path = self._path(public)
        try:
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
                json.dump(wrapped, file)
                file.flush()
                os.fsync(file.fileno())
            _flush_folder(self._folder)
        except FileExistsError:
            return False
        except OSError as error:
            raise problem.Fault(f"The key file {path.name} cannot be written: {error.strerror}.") from None
        return True

    def _unwrap(self, tenant: str | None, public: str) -> nacl.signing.SigningKey:
        path = self._path(public)
        try:
            if path.stat().st_mode & 0o077:
                raise problem.Fault(f"The key file {path.name} can be read by others. Make it the owner's alone (chmod 600).")
            wrapped = json.loads(path.read_text())
            sealed = _bytes(wrapped.pop("ct"))
            box = nacl.secret.Aead(self._derive(wrapped["kdf"]))
            key = nacl.signing.SigningKey(box.decrypt(sealed, rfc8785.dumps(wrapped), _bytes(wrapped["nonce"])))
        except FileNotFoundError:
            raise problem.Fault(f"The key file {path.name} is missing from the keys folder. Restore it from a backup.") from None
        except OSError as error:
            raise problem.Fault(f"The key file {path.name} cannot be read: {error.strerror}.") from None
        except nacl.exceptions.CryptoError:
            raise problem.Fault(f"The key file {path.name} does not open: wrong passphrase, or the file was changed.") from None
        except (KeyError, TypeError, ValueError, AttributeError, RecursionError):
            raise problem.Fault(f"The key file {path.name} is damaged. Restore it from a backup.") from None
        if tenant not in {None, wrapped.get("tenant")} or multikey.PublicKey(bytes(key.verify_key)).multikey != public:
            raise problem.Fault(f"The key file {path.name} belongs to another issuer or key.")
        return key


def _flush_folder(folder: Path) -> None:
    """Make a rename last through a loss of power: the database may name the key right afterwards."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _text(data: bytes) -> str:
    return base64.b64encode(data).decode()


def _bytes(text: str) -> bytes:
    return base64.b64decode(text, validate=True)
