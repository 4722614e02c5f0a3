from __future__ import annotations

import base64
import json
import multiprocessing
import os
import stat
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Any

import nacl.signing
import pytest

from badgeissuer import problem
from badgeissuer.store.keyring import MEMORY_BYTES, OPERATIONS, PUBLISHED_TEST_KEYS, Keyring
from badgeissuer.vc import multikey

PASSPHRASE = b"correct horse battery staple"
SEED = bytes(range(32))
METHOD = "did:web:college.example#key-1"


def cheap(folder: Path, passphrase: bytes = PASSPHRASE) -> Keyring:
    return Keyring(folder, passphrase, operations=1, memory_bytes=8 * 1024 * 1024)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "keys"


@pytest.fixture
def public(folder: Path) -> str:
    """A key of the issuer `history` that is in the folder."""
    return cheap(folder).keep("history", SEED).multikey


@pytest.fixture
def file(folder: Path, public: str) -> Path:
    return folder / f"{public}.key.json"


def sign(ring: Keyring, public: str, tenant: str = "history") -> bytes:
    return ring.signer(tenant, public, verification_method=METHOD).sign(b"message")


def refusal(folder: Path, public: str, *, tenant: str = "history", passphrase: bytes = PASSPHRASE) -> str:
    with pytest.raises(problem.Fault) as caught:
        sign(cheap(folder, passphrase), public, tenant)
    assert base64.b64encode(SEED).decode() not in caught.value.detail
    assert passphrase.decode() not in caught.value.detail
    return caught.value.detail.replace(f"The key file {public}.key.json ", "")


class TestRoundTrip:
    def test_a_kept_key_signs_as_the_seed_does(self, folder: Path, public: str) -> None:
        signer = cheap(folder).signer("history", public, verification_method=METHOD)
        assert signer.sign(b"message") == nacl.signing.SigningKey(SEED).sign(b"message").signature
        assert (signer.verification_method, signer.public_key.multikey) == (METHOD, public)
        assert signer.public_key.verifies(signer.sign(b"message"), b"message")

    def test_every_created_key_is_another_one(self, folder: Path) -> None:
        ring = cheap(folder)
        first, second = ring.create("history"), ring.create("history")
        assert first != second
        assert {path.name for path in folder.iterdir()} == {f"{key.multikey}.key.json" for key in (first, second)}
        assert first.verifies(sign(ring, first.multikey), b"message")

    def test_the_full_cost_is_the_default(self, folder: Path) -> None:
        public = Keyring(folder, PASSPHRASE).create("history").multikey
        wrapped = json.loads((folder / f"{public}.key.json").read_text())
        assert (wrapped["kdf"]["ops"], wrapped["kdf"]["mem"]) == (OPERATIONS, MEMORY_BYTES) == (3, 256 * 1024 * 1024)
        assert sign(cheap(folder), public)  # the file says what it costs, whatever new ones do

    def test_an_unwrapped_key_is_kept_in_memory(self, folder: Path, public: str, file: Path) -> None:
        ring = cheap(folder)
        first = sign(ring, public)
        file.unlink()
        assert sign(ring, public) == first


class TestFile:
    def test_file_and_folder_are_their_owners_only(self, folder: Path, file: Path) -> None:
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700
        assert stat.S_IMODE(file.stat().st_mode) == 0o600

    def test_a_generous_umask_changes_nothing(self, folder: Path) -> None:
        before = os.umask(0)
        try:
            public = cheap(folder).create("history").multikey
        finally:
            os.umask(before)
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700
        assert stat.S_IMODE((folder / f"{public}.key.json").stat().st_mode) == 0o600

    def test_the_seed_is_never_in_it(self, file: Path) -> None:
        content = file.read_bytes()
        secret = b"\x80\x26" + SEED
        forms = [SEED, SEED.hex().encode(), base64.b64encode(SEED).rstrip(b"="), base64.urlsafe_b64encode(SEED).rstrip(b"=")]
        assert not [form for form in [*forms, multikey.multibase(secret).encode(), PASSPHRASE] if form in content]
        sealed = base64.b64decode(json.loads(content)["ct"])
        assert SEED not in sealed
        assert len(sealed) == len(SEED) + 16

    def test_it_has_the_documented_members(self, file: Path, public: str) -> None:
        wrapped = json.loads(file.read_text())
        assert set(wrapped) == {"v", "kid", "tenant", "alg", "kdf", "wrap", "nonce", "pub", "ct"}
        assert (wrapped["kid"], wrapped["pub"], wrapped["tenant"]) == (public, public, "history")
        assert set(wrapped["kdf"]) == {"name", "ops", "mem", "salt"}

    def test_neither_seed_nor_passphrase_is_shown(self, folder: Path, public: str) -> None:
        ring = cheap(folder)
        shown = repr(ring.signer("history", public, verification_method=METHOD)) + repr(ring)
        assert "SigningKey" not in shown
        assert repr(SEED) not in shown
        assert PASSPHRASE.decode() not in shown

    def test_salt_and_nonce_are_fresh_each_time(self, tmp_path: Path) -> None:
        wrapped = []
        for name in ("a", "b"):
            public = cheap(tmp_path / name).keep("history", SEED).multikey
            wrapped.append(json.loads((tmp_path / name / f"{public}.key.json").read_text()))
        assert wrapped[0]["kdf"]["salt"] != wrapped[1]["kdf"]["salt"]
        assert wrapped[0]["nonce"] != wrapped[1]["nonce"]


class TestRefusals:
    def test_another_passphrase(self, folder: Path, public: str) -> None:
        assert refusal(folder, public, passphrase=b"another one") == "does not open: wrong passphrase, or the file was changed."

    def test_another_tenant(self, folder: Path, public: str) -> None:
        assert refusal(folder, public, tenant="physics") == "belongs to another issuer or key."

    def test_another_tenant_after_the_right_one_has_signed(self, folder: Path, public: str) -> None:
        ring = cheap(folder)
        sign(ring, public)
        with pytest.raises(problem.Fault, match="belongs to another issuer or key"):
            sign(ring, public, "physics")

    def test_a_tenant_that_was_changed_in_the_file(self, folder: Path, public: str, file: Path) -> None:
        _change(file, tenant="physics")
        assert refusal(folder, public, tenant="physics") == "does not open: wrong passphrase, or the file was changed."

    def test_the_file_of_another_key(self, folder: Path, public: str, file: Path) -> None:
        other = cheap(folder).create("history").multikey
        file.write_bytes((folder / f"{other}.key.json").read_bytes())
        assert refusal(folder, public) == "belongs to another issuer or key."

    @pytest.mark.parametrize("name", ["v", "kid", "tenant", "alg", "wrap", "nonce", "pub"])
    def test_a_changed_member(self, folder: Path, public: str, file: Path, name: str) -> None:
        value = json.loads(file.read_text())[name]
        _change(file, **{name: 2 if name == "v" else _flipped(value)})
        assert refusal(folder, public) == "does not open: wrong passphrase, or the file was changed."

    def test_a_changed_secret(self, folder: Path, public: str, file: Path) -> None:
        _change(file, ct=_flipped(json.loads(file.read_text())["ct"]))
        assert refusal(folder, public) == "does not open: wrong passphrase, or the file was changed."

    @pytest.mark.parametrize("change", [{"ops": 2}, {"mem": 16 * 1024 * 1024}, {"mem": 1}, {"ops": 0}, {"name": "scrypt"}, {"more": 1}])
    def test_a_changed_cost(self, folder: Path, public: str, file: Path, change: dict[str, Any]) -> None:
        _change(file, kdf=json.loads(file.read_text())["kdf"] | change)
        assert refusal(folder, public) == "does not open: wrong passphrase, or the file was changed."

    @pytest.mark.parametrize(
        "change", [{"ops": 17}, {"mem": 2 * 1024**3}, {"ops": 2**64}, {"ops": "1"}, {"salt": "not base64"}, {"salt": 5}]
    )
    def test_a_cost_that_nobody_can_pay(self, folder: Path, public: str, file: Path, change: dict[str, Any]) -> None:
        _change(file, kdf=json.loads(file.read_text())["kdf"] | change)
        assert refusal(folder, public) == "is damaged. Restore it from a backup."

    def test_a_member_more(self, folder: Path, public: str, file: Path) -> None:
        _change(file, note="mine")
        assert refusal(folder, public) == "does not open: wrong passphrase, or the file was changed."

    @pytest.mark.parametrize("name", ["kdf", "nonce", "ct"])
    def test_a_member_less(self, folder: Path, public: str, file: Path, name: str) -> None:
        wrapped = json.loads(file.read_text())
        del wrapped[name]
        file.write_text(json.dumps(wrapped))
        assert refusal(folder, public) == "is damaged. Restore it from a backup."

    @pytest.mark.parametrize("share", [0.0, 0.3, 0.99])
    def test_a_file_that_is_cut_short(self, folder: Path, public: str, file: Path, share: float) -> None:
        content = file.read_bytes()
        file.write_bytes(content[: int(len(content) * share)])
        assert refusal(folder, public) == "is damaged. Restore it from a backup."

    @pytest.mark.parametrize(
        "content", [b"[]", b"5", b"null", b'"text"', b"\xff\xfe", b'{"ct": 5}', b'{"ct": "", "kdf": []}', b"[" * 100_000]
    )
    def test_a_file_of_something_else(self, folder: Path, public: str, file: Path, content: bytes) -> None:
        file.write_bytes(content)
        assert refusal(folder, public) == "is damaged. Restore it from a backup."

    @pytest.mark.parametrize("mode", [0o644, 0o640, 0o604, 0o660, 0o601])
    def test_a_file_that_others_can_reach(self, folder: Path, public: str, file: Path, mode: int) -> None:
        file.chmod(mode)
        assert refusal(folder, public) == "can be read by others. Make it the owner's alone (chmod 600)."

    def test_a_file_that_is_not_there(self, folder: Path, public: str, file: Path) -> None:
        file.unlink()
        assert refusal(folder, public) == "is missing from the keys folder. Restore it from a backup."

    def test_a_folder_in_its_place(self, folder: Path, public: str, file: Path) -> None:
        file.unlink()
        file.mkdir(mode=0o700)
        assert refusal(folder, public) == "cannot be read: Is a directory."

    def test_a_folder_that_cannot_be_made(self, tmp_path: Path) -> None:
        (tmp_path / "keys").write_text("a file")
        with pytest.raises(problem.Fault, match=r"cannot be written: Not a directory\."):
            cheap(tmp_path / "keys" / "below").create("history")


class TestPublishedSeeds:
    def test_seeds_that_specifications_publish_are_refused(self, folder: Path, shared_data: Path) -> None:
        seeds = dict(_published(shared_data / "ob3" / "vectors"))
        assert {
            multikey.PublicKey(bytes(nacl.signing.SigningKey(seed).verify_key)).multikey for seed in seeds.values()
        } == PUBLISHED_TEST_KEYS
        for seed in seeds.values():
            with pytest.raises(problem.Invalid, match="test key that a specification publishes"):
                cheap(folder).keep("history", seed)
        assert not folder.exists()


class TestKeptAlready:
    def test_the_same_seed_again_changes_nothing(self, folder: Path, public: str, file: Path) -> None:
        before = file.read_bytes()
        assert cheap(folder).keep("history", SEED).multikey == public
        assert file.read_bytes() == before

    @pytest.mark.parametrize(("tenant", "passphrase"), [("physics", PASSPHRASE), ("history", b"another one")])
    def test_a_file_that_is_not_theirs_is_not_replaced(self, folder: Path, public: str, file: Path, tenant: str, passphrase: bytes) -> None:
        before = file.read_bytes()
        with pytest.raises(problem.Fault):
            cheap(folder, passphrase).keep(tenant, SEED)
        assert file.read_bytes() == before
        assert sign(cheap(folder), public)

    def test_processes_that_create_at_once_each_have_a_key(self, folder: Path) -> None:
        with ProcessPoolExecutor(2, multiprocessing.get_context("spawn")) as pool:
            made = list(pool.map(_create, [folder] * 6))
        assert len(set(made)) == 6
        assert {path.name for path in folder.iterdir()} == {f"{public}.key.json" for public in made}
        assert all(sign(cheap(folder), public) for public in made)


def _create(folder: Path) -> str:
    return cheap(folder).create("history").multikey


def _published(folder: Path) -> list[tuple[str, bytes]]:
    """Return every secret key in the vectors, by what it is called there."""
    found: list[tuple[str, bytes]] = []
    for path in sorted(folder.rglob("*.json")):
        found += _secrets(json.loads(path.read_text("utf-8")))
    return found


def _secrets(value: Any) -> list[tuple[str, bytes]]:  # noqa: ANN401 - any JSON value
    if isinstance(value, list):
        return [found for item in value for found in _secrets(item)]
    if not isinstance(value, dict):
        return []
    own = [(value[name], multikey.read_seed(value[name])) for name in ("privateKeyMultibase",) if name in value]
    own += [(value[name], bytes.fromhex(value[name])) for name in ("secretKeySeedHex",) if name in value]
    return own + [found for item in value.values() for found in _secrets(item)]


def _change(file: Path, **members: object) -> None:
    file.write_text(json.dumps(json.loads(file.read_text()) | members))


def _flipped(text: str) -> str:
    """Return the text with its first character exchanged for another of base 64."""
    return ("B" if text[0] == "A" else "A") + text[1:]


def test_a_wrong_passphrase_is_found_before_anything_is_wrapped_with_it(folder: Path, public: str) -> None:
    cheap(folder).check()
    with pytest.raises(problem.Fault, match="does not open"):
        cheap(folder, b"wrong").check()
    cheap(folder / "empty", b"any").check()
    assert public


def test_one_damaged_file_among_good_ones_does_not_stop_the_rest(folder: Path, public: str) -> None:
    (folder / "a-first.key.json").write_text("{")
    (folder / "a-first.key.json").chmod(0o600)
    cheap(folder).check()
    assert public
