"""The main job: a PDF in, a personal PAdES B-LTA signature out, judged by programs that we did not write."""
import hashlib
import json
import os
import re
import sqlite3
import subprocess
import time

import judges
import pytest

from service import SAMPLE, Journey, Problem, ocsp


@pytest.fixture(scope="module")
def signed(service, tmp_path_factory):
    """One finished signature, shared by the tests that only look."""
    j = Journey(service).whole()
    j.folder = tmp_path_factory.mktemp("signed")
    j.path = j.save(j.folder)
    j.root = j.folder / "root.pem"
    return j


def certificate(pdf_path):
    """The signer's certificate, DER, out of the CMS of the first signature."""
    data = pdf_path.read_bytes()
    m = re.search(rb"/Contents\s*<([0-9A-Fa-f]+)>", data)
    cms = bytes.fromhex(m.group(1).decode()).rstrip(b"\0")
    pem = subprocess.run(["openssl", "pkcs7", "-inform", "DER", "-print_certs"], input=cms, capture_output=True, check=True).stdout
    blocks = re.findall(rb"-----BEGIN CERTIFICATE-----.*?-----END CERTIFICATE-----", pem, re.S)
    for b in blocks:
        subject = subprocess.run(["openssl", "x509", "-noout", "-subject"], input=b, capture_output=True, check=True).stdout
        if b"Jane" in subject or b"GN" in subject or b"givenName" in subject:
            return b
    raise AssertionError("no signer certificate in the CMS")


def x509(pem, *what):
    return subprocess.run(["openssl", "x509", "-noout", *what], input=pem, capture_output=True, check=True).stdout.decode()


def serial(pem):
    return x509(pem, "-serial").strip().split("=")[1].lower()


@pytest.mark.sanitized
def test_one_signature(service):
    j = Journey(service).whole()
    assert j.result["status"] == "signed"
    assert j.signed().startswith(SAMPLE.read_bytes())


def test_original_is_a_prefix_and_growth_is_small(signed):
    data = signed.path.read_bytes()
    assert data.startswith(SAMPLE.read_bytes())
    assert len(data) - SAMPLE.stat().st_size < 25000


def test_invisible_signature_grows_by_less_than_25_kB(service, tmp_path):
    j = Journey(service, place=False).whole()
    path = j.save(tmp_path)
    assert path.stat().st_size - SAMPLE.stat().st_size < 25000
    assert judges.pyhanko(path, tmp_path / "root.pem", "LTA").ok


def test_pdfsig_and_qpdf(signed):
    assert judges.pdfsig(signed.path).ok
    assert judges.qpdf_check(signed.path).ok


def test_pyhanko_says_lta(signed):
    r = judges.pyhanko(signed.path, signed.root, "LTA")
    assert r.ok, r


def test_a_flipped_octet_fails_everywhere(signed, tmp_path):
    data = bytearray(signed.path.read_bytes())
    at = data.index(b"stream") + 40
    data[at] ^= 1
    path = tmp_path / "flipped.pdf"
    path.write_bytes(data)
    assert not judges.pdfsig(path).ok
    assert not judges.pyhanko(path, signed.root, "LTA").ok
    r = signed.service.paraph("verify", "--trust", signed.root, path, check=False)
    assert r.returncode == 1, r.stdout


def test_paraph_verify(signed):
    r = signed.service.paraph("verify", "--trust", signed.root, signed.path)
    assert "Jane Doe" in r.stdout and "has not changed" in r.stdout
    j = json.loads(signed.service.paraph("verify", "--json", "--trust", signed.root, signed.path).stdout)
    assert j
    # Without our root it cannot be decided who the issuer is; that is not "changed".
    r = signed.service.paraph("verify", signed.path, check=False)
    assert r.returncode == 2, r.stdout


def test_certificate_and_ocsp(service, signed):
    pem = certificate(signed.path)
    text = x509(pem, "-subject", "-dates", "-ext", "keyUsage,certificatePolicies,authorityInfoAccess,crlDistributionPoints")
    assert "Jane Doe" in text and "Non Repudiation" in text and "/ocsp" in text
    assert re.fullmatch("[4-7][0-9a-f]{39}", serial(pem))
    assert "good" in ocsp(service, serial(pem))
    assert "good" in ocsp(service, serial(pem), nonce=False)
    lint = judges.lint_cert(_write(signed.folder / "signer.pem", pem), issuer=service.dir / "public/issuing.pem", kind="person")
    assert lint.ok, lint


def test_the_practice_statement_is_where_certificates_say(service, signed):
    """Signer, unit and seal name one address over plain http; what lies there is about this installation."""
    conf = (service.dir / "paraph.conf").read_text()
    arc = re.search(r"(?m)^oid_arc = (\S+)", conf).group(1)
    pems = {2: certificate(signed.path), 3: (service.dir / "public/tsu.pem").read_bytes(), 5: (service.dir / "public/seal.pem").read_bytes()}
    for under, pem in pems.items():
        text = x509(pem, "-ext", "certificatePolicies")
        assert re.findall(r"Policy: (\S+)", text) == [f"{arc}.{under}"]
        assert re.findall(r"CPS: (\S+)", text) == [f"http://127.0.0.1:{service.http}/cps"], text
    status, data, headers = service.plain("/cps")
    text = data.decode()
    assert status == 200 and headers["Content-Type"] == "text/plain; charset=utf-8" and headers["X-Content-Type-Options"] == "nosniff"
    assert "DEMO. This is a trial" in text and "for 15 minutes" in text and f"http://127.0.0.1:{service.http}/ocsp" in text and "\uFFFD" not in text
    assert all(f"{arc}.{under}  " in text for under in range(2, 7)) and "@" not in text
    assert text.endswith((service.prefix / "share/paraph/policy/terms.txt").read_text())
    assert service.plain("/cps", "POST", b"x")[0] == 405


def _write(path, data):
    path.write_bytes(data)
    return path


def test_two_signatures_have_two_keys_and_two_serials(service, signed, tmp_path):
    other = Journey(service).whole()
    a, b = certificate(signed.path), certificate(other.save(tmp_path))
    assert x509(a, "-pubkey") != x509(b, "-pubkey")
    assert serial(a) != serial(b)
    assert "good" in ocsp(service, serial(b))


def test_a_random_serial_is_never_good(service):
    for i in range(5):
        out = ocsp(service, "5" + hashlib.sha256(bytes([i])).hexdigest()[:39])
        assert "unknown" in out and "good" not in out, out


def test_revocation_shows_within_ten_seconds(service, tmp_path):
    j = Journey(service).whole()
    s = serial(certificate(j.save(tmp_path)))
    assert "good" in ocsp(service, s, nonce=False)
    started = time.monotonic()
    service.paraph("revoke", "--instance", service.dir, "--reason", "key_compromise", s)
    while "revoked" not in ocsp(service, s, nonce=False):
        assert time.monotonic() - started < 10
        time.sleep(0.2)
    with pytest.raises(Problem) as second:
        service.api("officer").post(f"/v1/certificates/{s}/revoke", {"reason": "superseded"})
    assert second.value.status == 409
    until = time.monotonic() + 60
    while s.upper() not in subprocess.run(["openssl", "crl", "-inform", "DER", "-noout", "-text"], capture_output=True,
                                          input=service.plain("/crl/issuing.crl")[1], check=True).stdout.decode():
        assert time.monotonic() < until, "the list does not name the serial"
        time.sleep(0.5)


def test_crl_and_certificates_are_served(service, tmp_path):
    for ca in ("issuing", "root"):
        status, der, _ = service.plain(f"/crl/{ca}.crl")
        assert status == 200
        path = _write(tmp_path / f"{ca}.crl", der)
        assert judges.lint_crl(path, issuer=service.dir / f"public/{ca}.pem").ok
        status, der, _ = service.plain(f"/aia/{ca}.cer")
        assert status == 200 and der == (service.dir / f"public/{ca}.cer").read_bytes()


def test_time_stamps(service, tmp_path):
    data = _write(tmp_path / "data", b"some octets")
    query = tmp_path / "query.tsq"
    subprocess.run(["openssl", "ts", "-query", "-data", data, "-sha256", "-cert", "-out", query], check=True, capture_output=True)
    status, der, headers = service.plain("/tsa", "POST", query.read_bytes(), {"Content-Type": "application/timestamp-query"})
    assert status == 200 and headers["Content-Type"] == "application/timestamp-reply"
    reply = _write(tmp_path / "reply.tsr", der)
    r = subprocess.run(["openssl", "ts", "-verify", "-queryfile", query, "-in", reply, "-CAfile", service.dir / "public/root.pem"],
                       capture_output=True, text=True)
    assert "Verification: OK" in r.stdout, r.stderr
    assert judges.lint_tsr(reply, root=service.dir / "public/root.pem", query=query).ok


def test_proof_is_checked_with_plain_openssl(signed):
    script = signed.service.prefix / "share/paraph/check-proof"
    r = subprocess.run(["sh", script, signed.root, signed.folder / "signed-proof.json", signed.path], capture_output=True, text=True)
    assert r.returncode == 0, r.stdout + r.stderr
    proof = json.loads((signed.folder / "signed-proof.json").read_text())
    assert "code" not in json.dumps(proof).replace("email_code", "").lower() or signed.code not in json.dumps(proof)


def test_the_calls_of_the_manual(service, top, tmp_path):
    """doc/api.md as it stands, in a shell."""
    calls = re.search(r"```sh\n(API=.*?)```", (top / "doc/api.md").read_text(), re.S).group(1)
    first, _, rest = calls.partition("\n")
    assert first == "API=https://localhost:8443 D=instance"
    (tmp_path / "lease.pdf").write_bytes(SAMPLE.read_bytes())
    r = subprocess.run(["sh", "-eu", "-c", f"API=https://localhost:{service.https} D={service.dir}\n{rest}"], capture_output=True, text=True,
                       cwd=tmp_path, timeout=60)
    assert r.returncode == 0 and r.stderr == "", r
    told = json.loads(r.stdout)
    assert told["status"] == "sent" and told["title"] == "Lease 12 rue X", told
    assert "rue X" in service.wait_mail("jane@example.org")["text"]


def test_parts_of_a_download(service, signed):
    """As the API's description says: the call itself compares with it."""
    api, path = service.api("sender"), f"/v1/requests/{signed.req['id']}/proof"
    whole = api.raw("GET", path)[1]
    tag = api.headers["ETag"]
    assert api.raw("GET", path, headers={"Range": "bytes=2-4"}) == (206, whole[2:5])
    assert api.raw("GET", path, headers={"Range": f"bytes={len(whole)}-"})[0] == 416
    assert api.raw("GET", path, headers={"If-None-Match": tag}) == (304, b"")


def test_audit_agrees(service, signed):
    r = service.paraph("audit", "verify", "--json", service.dir)
    assert json.loads(r.stdout)["agrees"] is True


def test_doctor_is_content(service):
    r = service.paraph("doctor", "--json", service.dir, check=False)
    found = json.loads(r.stdout)
    assert r.returncode == 0, [c for c in found["checks"] if c["state"] != "ok"]
    assert {c["check"] for c in found["checks"]} >= {"modes", "disk", "clock", "sockets", "jails", "certificates", "crl", "aia", "ocsp", "keys"}


def test_paraph_sign_is_a_client_of_the_api(service, tmp_path):
    r = service.paraph("sign", "--instance", service.dir, "--catcher", "--given-name", "Jane", "--surname", "Doe", "--email",
                       "client@example.org", "--out", tmp_path, "--json", SAMPLE)
    told = json.loads(r.stdout)
    assert told["result"]["status"] == "signed"
    assert judges.pyhanko(tmp_path / "contract-signed.pdf", tmp_path / "contract-root.pem", "LTA").ok


def test_paraph_sign_asks_beside_its_json(service, tmp_path):
    """Without the catcher a person types link and code; the questions are no part of the object."""
    p = subprocess.Popen([service.prefix / "bin/paraph", "sign", "--instance", service.dir, "--given-name", "Jane", "--surname", "Doe",
                          "--email", "asked@example.org", "--out", tmp_path, "--json", SAMPLE], stdin=subprocess.PIPE,
                         stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=service.env)
    try:
        link = service.wait_mail("asked@example.org")
        p.stdin.write(re.search(r"https://\S+#\S+", link["text"]).group() + "\n")
        p.stdin.flush()
        code = service.wait_mail("asked@example.org", after=link["n"])
        out, told = p.communicate(re.search(r"\b\d{6}\b", code["text"]).group() + "\n", timeout=60)
    finally:
        p.kill()
    assert p.returncode == 0 and json.loads(out)["result"]["status"] == "signed", (out, told)
    assert "link in the invitation" in told and "code" in told


def registered(service):
    """How many people are registered."""
    with sqlite3.connect(f"file:{service.dir}/db/paraph.db?mode=ro", uri=True) as db:
        return db.execute("SELECT count(*) FROM registration").fetchone()[0]


def test_paraph_sign_looks_before_it_asks(service, tmp_path):
    """What cannot end well ends in one line; nobody is registered for it, and nothing that was there is touched."""
    def sign(*words, email="looks@example.org"):
        r = service.paraph("sign", "--instance", service.dir, "--catcher", "--given-name", "Jane", "--surname", "Doe", "--email", email,
                           *words, check=False, cwd=tmp_path)
        return r.returncode, r.stderr

    for name, octets in (("empty.pdf", b""), ("text.pdf", b"hello"), ("good.pdf", SAMPLE.read_bytes()), ("a" * 246 + ".pdf", SAMPLE.read_bytes())):
        (tmp_path / name).write_bytes(octets)
    kept = tmp_path / "kept"
    kept.mkdir()
    (kept / "good-proof.json").write_text("mine")
    linked = tmp_path / "linked"
    linked.mkdir()
    (linked / "good-root.pem").symlink_to(tmp_path / "good.pdf")
    before = registered(service)
    cases = [
        (("nowhere.pdf",), 66, "nowhere.pdf"),
        ((".",), 66, "folder"),
        (("empty.pdf",), 1, "empty"),
        (("text.pdf",), 1, "pdf-not-a-pdf"),
        (("--out", "nowhere", "good.pdf"), 1, "nowhere"),
        (("--out", "text.pdf", "good.pdf"), 1, "not a folder"),
        (("--out", "kept", "good.pdf"), 1, "good-proof.json exists already"),
        (("--out", "linked", "good.pdf"), 1, "good-root.pem exists already"),
        (("--overwrite", "--out", "linked", "good.pdf"), 1, "good-root.pem exists already"),
        (("a" * 246 + ".pdf",), 1, "name too long"),
        (("--page", "one", "good.pdf"), 64, "whole number"),
        (("--x", "nan", "good.pdf"), 64, "numbers"),
    ]
    for words, status, says in cases:
        found, told = sign(*words)
        assert found == status and says in told, (words, found, told)
        assert status == 64 or told.count("\n") == 1, told
    assert registered(service) == before
    assert [p.name for p in kept.iterdir()] == ["good-proof.json"] and (kept / "good-proof.json").read_text() == "mine"
    assert [p.name for p in linked.iterdir()] == ["good-root.pem"]

    assert sign("--overwrite", "--out", "kept", "good.pdf") == (0, "")
    assert sorted(p.name for p in kept.iterdir()) == ["good-proof.json", "good-root.pem", "good-signed.pdf"]
    assert json.loads((kept / "good-proof.json").read_text()) and registered(service) == before + 1


@pytest.mark.parametrize("name, stem", [("UP.PDF", "UP"), ("no suffix", "no suffix"), ("été 'x' \"y\".pdf", "été 'x' \"y\""), ("-dash.pdf", "-dash"),
                                        (".pdf", ".pdf"), ("a" * 240 + ".pdf", "a" * 240)])
def test_paraph_sign_names_results_after_the_file(service, tmp_path, name, stem):
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / name).write_bytes(SAMPLE.read_bytes())
    (tmp_path / "out").mkdir()
    r = service.paraph("sign", "--instance", service.dir, "--catcher", "--given-name", "Jane", "--surname", "Doe", "--email",
                       "names@example.org", "--out", "../out", "--json", "--", name, cwd=tmp_path / "in")
    endings = ("proof.json", "root.pem", "signed.pdf")
    assert sorted(p.name for p in (tmp_path / "out").iterdir()) == [f"{stem}-{e}" for e in endings]
    assert sorted(json.loads(r.stdout)["files"].values()) == [f"../out/{stem}-{e}" for e in endings]


def test_paraph_sign_with_a_name_that_is_no_text(service, tmp_path):
    (tmp_path / os.fsdecode(b"caf\xe9.pdf")).write_bytes(SAMPLE.read_bytes())
    args = ("sign", "--instance", service.dir, "--catcher", "--given-name", "Jane", "--surname", "Doe", "--email", "names@example.org", "--json")
    r = service.paraph(*args, os.fsdecode(b"caf\xe9.pdf"), cwd=tmp_path, check=False)
    assert r.returncode == 1 and "--title" in r.stderr
    r = service.paraph(*args, "--title", "Menu", os.fsdecode(b"caf\xe9.pdf"), cwd=tmp_path)
    assert json.loads(r.stdout)["files"]["signed"] == "./caf?-signed.pdf" and (tmp_path / os.fsdecode(b"caf\xe9-signed.pdf")).is_file()
