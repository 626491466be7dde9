"""Who may ask what: each route with each kind of caller, and two customers who must not learn of each other.

Routes and their permissions come from src/api/route_table.c itself: a route that is not in the table below fails the test.
"""
import contextlib
import hashlib
import json
import pathlib
import re
import sqlite3
import uuid

import pytest

import service as service_module
from service import SAMPLE, Api, Journey, Problem
from test_audit import wait_for

TOP = pathlib.Path(__file__).resolve().parents[2]
OTHERS = {"sender2": ["sender"], "registration2": ["registration"]}
WHO = {"PUBLIC", "KEY", "SENDER", "REGISTRATION", "SIGNER"}


def routes():
    """[(method, pattern, who)]"""
    text = (TOP / "src/api/route_table.c").read_text()
    found = re.findall(r'\{FCGI_(GET|POST), "([^"]+)", ROUTE_(\w+),', text)
    assert len(found) == text.count("{FCGI_") >= 28 and {who for _, _, who in found} <= WHO
    return found


ROUTES = routes()


@pytest.fixture(scope="module")
def two(prefix):
    """A service with two customers, each with a finished request and one that waits."""
    s = service_module.Service(prefix, conf={("policy", "checkpoint_seconds"): "1"})
    path = s.dir / "bootstrap.json"
    boot = json.loads(path.read_text())
    s.tokens = {name: "paraph_" + uuid.uuid4().hex + uuid.uuid4().hex for name in OTHERS}
    for name, roles in OTHERS.items():
        boot["api_keys"].append({"id": name, "name": name, "sha256": hashlib.sha256(s.tokens[name].encode()).hexdigest(), "roles": roles})
    with open(path, "r+") as f:  # as it is: owner and mode stay
        f.write(json.dumps(boot, indent=1))
    s.start()
    s.first, s.second = Journey(s), Other(s)
    for j in (s.first, s.second):
        j.whole()
    s.waiting, s.elsewhere = Journey(s).until_code(), Other(s).until_code()
    yield s
    s.remove()


class Other(Journey):
    """The same way with the keys of the other customer."""

    def __init__(self, s):
        super().__init__(s)
        self.service = Borrowed(s)


class Borrowed:
    """The service as the second customer calls it."""

    def __init__(self, real):
        self.real = real

    def __getattr__(self, name):
        return getattr(self.real, name)

    def api(self, role=None):
        return Api(self.real, self.real.tokens[role + "2"] if role else None)


def callers(s):
    return {"nobody": None, "nonsense": "x" * 43, "sender": s.key("sender"), "sender2": s.tokens["sender2"], "registration": s.key("registration"),
            "registration2": s.tokens["registration2"], "officer": s.key("officer"), "session": s.waiting.browser.token, "session2": s.elsewhere.browser.token,
            "link": s.waiting.token}


def target(s, pattern, j):
    """The address of something that the first customer, or his signer, has."""
    serial = j.result["documents"][0]["certificate"]["serial"] if hasattr(j, "result") else s.first.result["documents"][0]["certificate"]["serial"]
    if pattern.startswith("/v1/registrations"):
        return pattern.replace("{id}", j.registration)
    if pattern.startswith("/v1/files"):
        return pattern.replace("{id}", j.file["id"])
    path = pattern.replace("{id}", j.req["id"]).replace("{doc}", j.req["documents"][0]["id"]).replace("{serial}", serial).replace("{n}", "1")
    return path + ("?leaf=0" if pattern == "/v1/audit/proof" else "?version=signed" if "{doc}" in pattern else "")


def expected(who, caller, pattern):
    """Status for one who must not get in; None for one who may."""
    key = caller in ("sender", "sender2", "registration", "registration2", "officer")
    if who == "PUBLIC":
        return None
    if who == "SIGNER":
        return None if caller.startswith("session") else 401
    if not key:
        return 401
    if who == "SENDER" and not caller.startswith("sender") or who == "REGISTRATION" and not caller.startswith("registration"):
        return 403
    if caller.endswith("2") and "{" in pattern:
        return 404
    if who == "KEY" and pattern.startswith("/v1/certificates") and caller not in ("sender", "officer"):
        return 404
    return None


def state(s):
    """All that a stranger's call could have changed."""
    with contextlib.closing(sqlite3.connect(f"file:{s.dir}/db/paraph.db?mode=ro", uri=True)) as db:
        tables = {t: db.execute(f"SELECT count(*) FROM {t}").fetchone() for t in ("request", "registration", "file", "document", "intent", "revocation", "consent", "activation", "session", "act", "outbox")}
        return tables, db.execute("SELECT id, state FROM request ORDER BY n").fetchall(), db.execute("SELECT id, state FROM signer ORDER BY n").fetchall()


def call(s, method, path, token, body=None):
    headers = {"Idempotency-Key": uuid.uuid4().hex} if method == "POST" else {}
    if method == "POST":
        pdf = path == "/v1/files"
        headers["Content-Type"] = "application/pdf" if pdf else "application/json"
        body = body if body is not None else SAMPLE.read_bytes() if pdf else b"{}"
    return Api(s, token).raw(method, path, body, headers)


@pytest.mark.parametrize("caller", ["nobody", "nonsense", "sender", "sender2", "registration", "registration2", "officer", "session", "session2", "link"])
def test_nobody_gets_in_but_whom_the_table_names(two, caller):
    token = callers(two)[caller]
    before = state(two)
    refused = 0
    for method, pattern, who in ROUTES:
        wanted = expected(who, caller, pattern)
        if wanted is None:
            continue
        for j in (two.first, two.waiting):
            status, data = call(two, method, target(two, pattern, j), token)
            assert status == wanted, (caller, method, pattern, status, data[:200])
            told = json.loads(data)
            assert told["status"] == wanted and not re.search(r"signer\d|Jane|Doe|Lease", data.decode()), data
            refused += 1
    assert refused >= 10
    assert state(two) == before


@pytest.mark.parametrize("method, pattern, who", ROUTES)
def test_whom_the_table_names_gets_in(two, method, pattern, who):
    """So that the test above is about permission and not about addresses that do not work."""
    caller = {"PUBLIC": "nobody", "KEY": "sender", "SENDER": "sender", "REGISTRATION": "registration", "SIGNER": "session"}[who]
    if method == "POST":  # without a body that does something: the answer tells that it was the body that was refused, or the state
        status, data = call(two, method, target(two, pattern, two.first), callers(two)[caller] if who != "SIGNER" else two.first.browser.token,
                            b'{"nonsense":1}' if pattern != "/v1/files" else b"no PDF")
        assert status in (200, 201, 202, 409, 410, 422, 429), (status, data)
    else:
        token = two.first.browser.token if who == "SIGNER" else callers(two)[caller]
        status, data = call(two, method, target(two, pattern, two.first), token)
        assert status == 200, (status, data[:200])


def test_what_is_not_yours_is_as_if_it_were_not(two):
    """The same answer, word for word but for the id that was asked for, as for something that never was."""
    def words(path):
        status, data = call(two, "GET", path, two.tokens["sender2"])
        told = json.loads(data)
        return status, told["type"], told["title"], re.sub(r"[a-z]+_[0-9A-Z]{26}", "ID", told["detail"])
    for pattern in ("/v1/requests/{id}", "/v1/requests/{id}/events", "/v1/requests/{id}/proof", "/v1/requests/{id}/documents/{doc}", "/v1/files/{id}", "/v1/certificates/{serial}"):
        real = target(two, pattern, two.first)
        path, _, query = real.partition("?")
        head, last = path.split("/")[:-1], path.split("/")[-1]
        swap = {c: ("1" if c != "1" else "2") for c in "0123456789ABCDEFGHJKMNPQRSTVWXYZabcdef"}
        made_up = []
        for part in [*head, last]:
            made_up.append(part[:-3] + swap.get(part[-3], part[-3]) + part[-2:] if len(part) > 20 else part)
        never = "/".join(made_up) + ("?" + query if query else "")
        assert never != real and words(real) == words(never) and words(real)[0] == 404, (words(real), words(never))


def test_nothing_of_another_customer_can_be_used(two):
    """His file, his signer's registration, his document beside my request."""
    mine, his = two.second, two.first
    api = Api(two, two.tokens["sender2"])

    def refused(body):
        with pytest.raises(Problem) as e:
            api.post("/v1/requests", body)
        assert e.value.status in (404, 422), e.value
        return e.value
    own = {"title": "x", "sender": "y", "files": [mine.file["id"]], "signers": [{"key": "a", "registration": mine.registration, "method": "email_code"}]}
    assert "file" in str(refused(dict(own, files=[his.file["id"]])).body)
    doc = his.req["documents"][0]["id"]
    status, _ = call(two, "GET", f"/v1/requests/{mine.req['id']}/documents/{doc}?version=signed", two.tokens["sender2"])
    assert status == 404
    assert api.post("/v1/requests", own)["status"] == "draft"


def test_two_signers_see_each_his_own(two):
    a, b = two.first, two.second
    assert a.browser.get("/s/v1/request")["signer"] != b.browser.get("/s/v1/request")["signer"]
    assert a.signed() != b.signed()
    for path in ("/s/v1/signed/2", "/s/v1/documents/2", "/s/v1/signed/0"):
        status, _ = call(two, "GET", path, a.browser.token)
        assert status == 404, path


def test_leaves_of_the_log_are_for_those_concerned(two):
    """A leaf names requests, digests of documents and certificates."""
    with contextlib.closing(sqlite3.connect(f"file:{two.dir}/db/paraph.db?mode=ro", uri=True)) as db:
        leaves = [json.loads(leaf) for (leaf,) in db.execute("SELECT leaf FROM audit_leaf ORDER BY n")]
    size = wait_for(lambda: (n := Api(two).get("/v1/audit/checkpoint")["size"]) >= len(leaves) and len(leaves))
    seen = {name: {n for n in range(size) if call(two, "GET", f"/v1/audit/proof?leaf={n}", callers(two)[name])[0] == 200}
            for name in ("sender", "sender2", "registration", "registration2", "officer")}
    common = {n for n in range(size) if leaves[n]["event"].split(".")[0] in ("log", "core", "journal", "checkpoint", "crl", "responder")}
    assert seen["officer"] == set(range(size)) and common
    assert seen["sender"] & seen["sender2"] == common == seen["registration"] & seen["registration2"] == seen["sender"] & seen["registration"]
    for name, j in (("sender", two.first), ("sender2", two.second)):
        events = {leaves[n]["event"] for n in seen[name] - common}
        assert events >= {"file.received", "request.made", "intent.committed", "certificate.issued", "signature.result", "signature.released", "request.completed",
                          "activation.complete"}, events
        about = {n for n in range(size) if j.req["id"] in json.dumps(leaves[n])}
        assert about and about <= seen[name]
    status, data = call(two, "GET", f"/v1/audit/proof?leaf={min(seen['sender'] - common)}", two.tokens["sender2"])
    never, text = call(two, "GET", f"/v1/audit/proof?leaf={size + 10**6}", two.tokens["sender2"])
    assert status == never == 404 and json.loads(data)["detail"] == json.loads(text)["detail"]
