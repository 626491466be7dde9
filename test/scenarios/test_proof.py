"""A proof of the running service against share/check-proof: whatever of it is changed, left out or taken from another proof of the
same service is noticed. The script's own judgements, on proofs made by hand, are in test/tools/test_check_proof.py."""
import base64
import concurrent.futures
import copy
import json
import subprocess

import pytest

from service import Journey


class Proof:
    """The three lines of a proof file, and what is in them."""

    def __init__(self, path):
        self.path = path
        one, self.text, three, end = path.read_text().split("\n")
        assert (one, end) == ('{"proof":', "")
        outer = json.loads(path.read_text())
        self.proof = outer["proof"]
        self.seal, self.token = outer["seal"], outer["seal_time_stamp"]
        # Written again it is the same: what a test changes is all that is changed.
        assert write(self.proof) == self.text and whole(self.text, self.seal, self.token) == path.read_text()


def write(value):
    return json.dumps(value, separators=(",", ":"), sort_keys=True, ensure_ascii=False)


def whole(text, seal, token):
    return f'{{"proof":\n{text}\n,"seal":"{seal}","seal_time_stamp":"{token}"}}\n'


@pytest.fixture(scope="module")
def proofs(service, tmp_path_factory):
    made = []
    for given in ("Jane", "Jöhn"):
        folder = tmp_path_factory.mktemp("proof")
        Journey(service, given=given).whole().save(folder)
        made.append(Proof(folder / "signed-proof.json"))
    return made


class Checker:
    def __init__(self, service, folder):
        self.script = service.prefix / "share/paraph/check-proof"
        self.root, self.folder = service.dir / "public/root.pem", folder

    def passes(self, name, text):
        path = self.folder / name
        path.write_text(text)
        r = subprocess.run(["sh", self.script, self.root, path], capture_output=True, text=True, timeout=60)
        path.unlink()
        assert r.returncode in (0, 1) and (r.returncode == 0 or "WRONG" in r.stdout), (name, r)
        return r.returncode == 0

    def unnoticed(self, changes):
        """Of (what, text): what was changed in those that pass."""
        with concurrent.futures.ThreadPoolExecutor(4) as pool:
            return [what for what, good in pool.map(lambda c: (c[1][0], self.passes(f"{c[0]}.json", c[1][1])), enumerate(changes)) if good]


@pytest.fixture
def checker(service, tmp_path):
    return Checker(service, tmp_path)


def members(value, path=()):
    """Every member, containers too: its path."""
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, v in inner:
        yield (*path, key)
        yield from members(v, (*path, key))


def at(value, path):
    for key in path:
        value = value[key]
    return value


def changed(proof, path, value):
    """The text with another value there; with none at all for KeyError."""
    other = copy.deepcopy(proof)
    if value is KeyError:
        del at(other, path[:-1])[path[-1]]
    else:
        at(other, path[:-1])[path[-1]] = value
    return write(other)


def flipped(text, k):
    return text[:k] + chr(ord(text[k]) ^ 1) + text[k + 1:]


def spoilt(value, turn):
    """Values one octet away: first, middle and last of a long text, one of them of a short one."""
    if isinstance(value, bool):
        return [not value]
    if isinstance(value, (int, float)):
        return [value + 1]
    if value is None or isinstance(value, (dict, list)):
        return []
    if value == "":
        return ["x"]
    where = sorted({0, len(value) // 2, len(value) - 1})
    return [flipped(value, k) for k in (where if len(value) > 64 else where[turn % len(where):][:1])]


def test_every_member_counts(proofs, checker):
    one = proofs[0]
    changes = []
    for turn, path in enumerate(members(one.proof)):
        for value in [*spoilt(at(one.proof, path), turn), KeyError]:
            changes.append(((path, value), whole(changed(one.proof, path, value), one.seal, one.token)))
    assert len(changes) > 300
    assert all(text != one.path.read_text() for _, text in changes)
    assert checker.passes("good.json", one.path.read_text())
    assert checker.unnoticed(changes) == []


def test_nothing_of_another_proof_fits(proofs, checker):
    one, two = proofs
    changes = [("seal", whole(one.text, two.seal, one.token)), ("token", whole(one.text, one.seal, two.token)),
               ("both", whole(one.text, two.seal, two.token)), ("proof", whole(two.text, one.seal, one.token))]
    for path in members(one.proof):
        try:
            other = at(two.proof, path)
        except (KeyError, IndexError, TypeError):
            continue
        if other != at(one.proof, path) and not (isinstance(other, (dict, list)) and len(path) > 1):
            changes.append((path, whole(changed(one.proof, path, other), one.seal, one.token)))
    assert len(changes) > 60
    assert checker.passes("two.json", two.path.read_text())
    assert checker.unnoticed(changes) == []


@pytest.mark.parametrize("part", ["seal", "token"])
def test_seal_and_time_stamp_count(proofs, checker, part):
    one = proofs[0]
    text = getattr(one, part)
    octets = base64.b64decode(text)
    put = lambda t: whole(one.text, *((t, one.token) if part == "seal" else (one.seal, t)))
    where = sorted({0, len(octets) // 2, len(octets) - 1, *range(0, len(octets), 61)})
    # What the signature in the token leaves open: both versions and the name of the algorithm.
    if part == "token":
        where += [octets.index(b"\x02\x01\x03") + 2, octets.rindex(b"\x02\x01\x01") + 2, octets.rindex(bytes.fromhex("2a8648ce3d040302")) + 7]
    changes = [(k, put(base64.b64encode(octets[:k] + bytes([octets[k] ^ 1]) + octets[k + 1:]).decode())) for k in where]
    changes += [("none", put("")), ("half", put(text[:len(text) // 2 // 4 * 4])), ("longer", put(base64.b64encode(octets + b"\0").decode())),
                ("gone", one.path.read_text().replace(f',"seal":"{one.seal}"', "") if part == "seal" else
                 one.path.read_text().replace(f',"seal_time_stamp":"{one.token}"', ""))]
    assert checker.unnoticed(changes) == []
