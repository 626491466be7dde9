"""Names of every script and length, of signers and of the service: each fits, and none costs more room than it needs."""
import json
import pathlib
import re
import subprocess
import sys

import judges
import pytest

from service import Journey

GENERATE = pathlib.Path(__file__).resolve().parents[1] / "pdf/generate"

# One person for each script, and long names of some.
PEOPLE = {
    "latin": ("Jane", "Doe"),
    "long-latin": ("Wolfeschlegelsteinhausen Maximilian", "Bergerdorff Quixote Zypern"),
    "greek": ("Ελένη", "Παπαδοπούλου"), "long-greek": ("Αλεξάνδρα Κωνσταντίνα", "Παπαχριστοδουλοπούλου"),
    "cyrillic": ("Наталья", "Щербакова"), "arabic": ("فاطمة", "الزهراء"), "devanagari": ("प्रिया", "शर्मा"),
    "hebrew": ("מרים", "כהן"), "thai": ("สมหญิง", "ใจดี"), "chinese": ("小明", "王"), "japanese": ("花子", "山田"), "korean": ("영희", "김"),
}
WIDE = "𠮷"  # four octets
# 64 characters: the names of CA and unit, which begin with that of the service, need 21 more.
LONGEST = {"name": "DEMO " + WIDE * 38, "organisation": "DEMO " + WIDE * 59, "identifier": "NTRFR-" + "1" * 58,
           "base-url": "http://" + "a" * 193}


def holes(added):
    """The octets kept free for each signature and time-stamp, and how many of them are used."""
    for m in re.finditer(rb"/Contents\s*<([0-9A-Fa-f]{100,})>", added):
        der = bytes.fromhex(m.group(1).decode())
        assert der[:2] == b"\x30\x82"
        yield len(der), 4 + int.from_bytes(der[2:4], "big")


def check(j, folder, pyhanko=True):
    """Judges the signed file; how many octets were added."""
    path, before = j.save(folder), j.pdf.stat().st_size
    added = path.read_bytes()[before:]
    found = list(holes(added))
    assert len(found) == 2 and all(0 <= room - used <= 24 for room, used in found), found
    # Issuing CA, root and unit: the signer's certificate is in the signature, where it must be.
    assert [len(re.findall(rb"\d+ 0 R", one)) for one in re.findall(rb"/Certs \[([^]]*)\]", added)] == [3]
    if pyhanko:
        r = judges.pyhanko(path, folder / "root.pem", "LTA")
        assert r.ok, r
    assert judges.qpdf_check(path).ok and judges.pdfsig(path).ok
    return path.stat().st_size - before


@pytest.mark.parametrize("who", PEOPLE)
def test_a_name_of_every_script_adds_less_than_25_kB(service, tmp_path, who):
    given, surname = PEOPLE[who]
    j = Journey(service, given=given, surname=surname).whole()
    assert j.result["status"] == "signed"
    assert check(j, tmp_path) < 25000


@pytest.mark.parametrize("kind", ["classic", "xref-stream", "hybrid", "linearized"])
def test_a_long_name_in_every_kind_of_file(service, tmp_path, kind):
    """A cross-reference table costs more than a stream."""
    subprocess.run([sys.executable, GENERATE, tmp_path, "--only", kind], check=True, capture_output=True)
    given, surname = PEOPLE["long-greek"]
    j = Journey(service, pdf=tmp_path / f"{kind}.pdf", given=given, surname=surname).whole()
    # pyHanko does not permit hybrid files.
    assert check(j, tmp_path, pyhanko=kind != "hybrid") < 25000


def test_a_service_with_the_longest_names_and_address_signs_for_the_longest_name(own_service, tmp_path):
    s = own_service(init=[word for name, value in LONGEST.items() for word in (f"--{name}", value)])
    assert f"\nbase_url = {LONGEST['base-url']}\n" in (s.dir / "paraph.conf").read_text()
    s.start()
    j = Journey(s, given=WIDE * 31, surname=WIDE * 32)
    j.register(organization=WIDE * 63, organization_id="NTRFR-" + "1" * 58)
    j.upload().request().link().open().send_code().try_code().consent().sign()
    assert j.result["status"] == "signed", j.result
    check(j, tmp_path)
    r = s.paraph("audit", "verify", "--json", s.dir)
    assert json.loads(r.stdout)["agrees"] is True
