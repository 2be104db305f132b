"""Keys: in files of the owner only, never shown, rotated without losing what was sealed before."""

from __future__ import annotations

import base64
import copy
import json
import pickle
import stat
import threading
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import ConfigError
from storage.keys import KeyRing, SealBroken, load_or_create_signing_key


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_what_is_sealed_can_be_opened_after_a_restart(tmp_path: Path) -> None:
    path = tmp_path / "keys" / "ring.json"
    sealed = KeyRing.load_or_create(path).seal(b"Tijdelijk-4711", b"envelope:17")
    assert KeyRing.load_or_create(path).open(*sealed, b"envelope:17") == b"Tijdelijk-4711"
    assert mode(path) == 0o600
    assert mode(path.parent) == 0o700
    assert [file.name for file in path.parent.iterdir()] == ["ring.json"]


@given(plaintext=st.binary(max_size=200), context=st.binary(max_size=50), flip=st.integers(min_value=0))
def test_one_changed_bit_anywhere_cannot_be_opened(
    tmp_path_factory: pytest.TempPathFactory, plaintext: bytes, context: bytes, flip: int
) -> None:
    ring = KeyRing.load_or_create(tmp_path_factory.getbasetemp() / "bits.json")
    key_id, nonce, ciphertext = ring.seal(plaintext, context)
    whole = bytearray(nonce + ciphertext)
    whole[flip // 8 % len(whole)] ^= 1 << flip % 8
    with pytest.raises(SealBroken):
        ring.open(key_id, bytes(whole[:12]), bytes(whole[12:]), context)
    with pytest.raises(SealBroken):
        ring.open(key_id, nonce, ciphertext, context + b"!")
    assert plaintext not in ciphertext or len(plaintext) < 4


def test_after_a_rotation_old_and_new_values_open_in_every_process(tmp_path: Path) -> None:
    ring, other_process = (KeyRing.load_or_create(tmp_path / "ring.json") for _ in range(2))
    before = ring.seal(b"old", b"c")
    new_id = ring.rotate()
    after = ring.seal(b"new", b"c")
    assert after[0] == new_id == ring.current != before[0]
    assert other_process.open(*before, b"c") == b"old"
    assert other_process.open(*after, b"c") == b"new"
    assert mode(tmp_path / "ring.json") == 0o600


def test_an_unknown_key_is_said_by_its_id(tmp_path: Path) -> None:
    with pytest.raises(SealBroken, match="no key 'k0000'"):
        KeyRing.load_or_create(tmp_path / "ring.json").open("k0000", b"0" * 12, b"0" * 16, b"")


def test_eight_first_starts_at_once_agree_on_one_ring(tmp_path: Path) -> None:
    rings: list[KeyRing] = []
    threads = [
        threading.Thread(target=lambda: rings.append(KeyRing.load_or_create(tmp_path / "ring.json"))) for _ in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len({ring.current for ring in rings}) == 1 == len(rings) - 7


@pytest.mark.parametrize("bits", [0o644, 0o640, 0o604, 0o660])
def test_a_file_that_others_can_read_is_refused(tmp_path: Path, bits: int) -> None:
    for name, load in (("ring.json", KeyRing.load_or_create), ("sign.pem", load_or_create_signing_key)):
        load(tmp_path / name)
        (tmp_path / name).chmod(bits)
        with pytest.raises(ConfigError, match="others can read"):
            load(tmp_path / name)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{",
        b"[]",
        b'{"current": "k1", "keys": {}}',
        b'{"current": "k1", "keys": {"k1": "***"}}',
        json.dumps({"current": "k1", "keys": {"k1": base64.b64encode(b"SHORTKEY" * 2).decode()}}).encode(),
    ],
)
def test_a_short_or_broken_key_is_refused_and_not_repeated(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "ring.json"
    path.write_bytes(content)
    path.chmod(0o600)
    with pytest.raises(ConfigError) as caught:
        KeyRing.load_or_create(path)
    assert "SHORTKEY" not in str(caught.value)
    assert base64.b64encode(b"SHORTKEY").decode()[:8] not in str(caught.value)


def test_a_folder_in_the_place_of_the_key_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError):
        KeyRing.load_or_create(tmp_path)


def test_another_kind_of_signing_key_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "sign.pem"
    path.write_text("-----BEGIN PRIVATE KEY-----\nnonsense\n-----END PRIVATE KEY-----\n")
    path.chmod(0o600)
    with pytest.raises(ConfigError, match="no private key"):
        load_or_create_signing_key(path)


def test_the_signing_key_stays_the_same_and_its_signature_checks(tmp_path: Path) -> None:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
    from cryptography.hazmat.primitives.serialization import load_pem_public_key

    path = tmp_path / "sign.pem"
    key, again = load_or_create_signing_key(path), load_or_create_signing_key(path)
    assert key.key_id == again.key_id
    assert mode(path) == 0o600
    public = load_pem_public_key(again.public_pem)
    assert isinstance(public, Ed25519PublicKey)
    public.verify(key.sign(b"head"), b"head")


def test_keys_are_in_no_repr_no_pickle_and_no_copy(tmp_path: Path) -> None:
    ring, key = KeyRing.load_or_create(tmp_path / "ring.json"), load_or_create_signing_key(tmp_path / "sign.pem")
    secrets = [base64.b64decode(text) for text in json.loads((tmp_path / "ring.json").read_text())["keys"].values()]
    for holder in (ring, key):
        assert all(secret.hex() not in repr(holder) and repr(secret)[2:-1] not in repr(holder) for secret in secrets)
        for leak in (pickle.dumps, copy.deepcopy):
            with pytest.raises(TypeError, match="not pickled"):
                leak(holder)
