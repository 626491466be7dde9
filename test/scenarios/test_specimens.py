"""Certificates, lists, answers and stamps of every profile before foreign judges: the good ones pass, the wrong ones do not.

The specimens come from test/unit/pki/specimens, which builds them with src/pki and the shipped profiles.
"""
import csv
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "foreign"))

import judges  # noqa: E402

GOOD = {"root": None, "issuing-b": "root", "tsu": "root", "seal": "root", "signer-b": "issuing-b", "ocsp": "issuing-b"}
KIND = {"root": "ca", "issuing-b": "ca", "tsu": "tsa", "seal": None, "signer-b": "person", "ocsp": "ocsp"}


@pytest.fixture(scope="module")
def specimens(build_dir, top, tmp_path_factory):
    place = tmp_path_factory.mktemp("specimens")
    subprocess.run([build_dir / "test/unit/pki/specimens", place], check=True, env={**os.environ, "PARAPH_SOURCE": str(top)})
    return place


@pytest.fixture(scope="module")
def wrong(specimens):
    with open(specimens / "wrong.tsv") as table:
        return list(csv.reader(table, delimiter="\t"))


@pytest.mark.parametrize("name", GOOD)
def test_good_certificate(specimens, name):
    good = specimens / "good"
    assert judges.openssl_chain(good / f"{name}.cer", good / "root.cer", [good / "issuing-b.cer"])
    issuer = good / f"{GOOD[name]}.cer" if GOOD[name] else None
    verdict = judges.lint_cert(good / f"{name}.cer", issuer, KIND[name])
    # The seal is a legal person's; pkilint here knows only the profile for natural ones.
    reasons = [one for one in verdict.reasons if not (name == "seal" and "nat-4.2.4-1" in one)]
    assert not reasons
    assert not [one for one in verdict.detail if one["severity"] == "warning"]


@pytest.mark.parametrize("name, issuer", [("issuing-b", "issuing-b"), ("issuing-b-empty", "issuing-b"), ("root", "root")])
def test_good_list(specimens, name, issuer):
    verdict = judges.lint_crl(specimens / f"good/{name}.crl", specimens / f"good/{issuer}.cer")
    assert verdict, verdict
    assert judges.openssl_crl(specimens / f"good/{name}.crl", specimens / f"good/{issuer}.cer")


def test_good_answers(specimens):
    files = sorted((specimens / "good").glob("*.ors"))
    assert len(files) == 6
    answer = judges.run(judges.HERE / "lint/lint", "ocsp", *files, "--issuer", specimens / "good/issuing-b.cer")
    assert answer.returncode == 0, answer.stdout


def test_good_stamp(specimens):
    good = specimens / "good"
    verdict = judges.lint_tsr(good / "stamp.tsr", judges.as_pem(good / "root.cer", good), good / "stamp.tsq")
    assert verdict, verdict


def test_every_wrong_one_has_a_judge(wrong):
    assert len(wrong) >= 40
    rules = (Path(__file__).resolve().parents[2] / "policy/profiles/README.md").read_text()
    for name, _, judge in wrong:
        if judge.startswith("profile "):
            assert f"**{judge.split()[1]}**" in rules, name
        else:
            assert set(judge.split()) <= {"openssl", "certtool", "zlint", "pkilint"} and judge, name


def test_wrong_ones_before_openssl(specimens, wrong):
    rows = [row for row in wrong if "openssl" in row[2].split()]
    assert len(rows) >= 20
    accepted = [name for name, _, _ in rows
                if judges.openssl_chain(specimens / f"wrong/{name}.cer", specimens / "good/root.cer", [specimens / "good/issuing-b.cer"])]
    assert not accepted


def test_wrong_ones_before_pkilint(specimens, wrong):
    rows = [row for row in wrong if "pkilint" in row[2].split() and "openssl" not in row[2].split()]
    assert len(rows) >= 20
    refused = set()
    for issuer in {row[1] for row in rows}:
        files = [specimens / f"wrong/{row[0]}.cer" for row in rows if row[1] == issuer]
        answer = judges.run(judges.HERE / "lint/lint", "cert", *files, "--issuer", specimens / f"good/{issuer}.cer", timeout=1500)
        for line in answer.stdout.splitlines():
            finding = json.loads(line)
            if finding["severity"] == "error" and finding["tool"].startswith("pkilint"):
                refused.add(Path(finding["file"]).stem)
    assert not {row[0] for row in rows} - refused
