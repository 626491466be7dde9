"""EU DSS, the European Commission's library, judges what a running demo service signed. Run by ./check --foreign."""
import json
import pathlib
import subprocess
import sys

import pytest

HERE = pathlib.Path(__file__).resolve().parent
PDF = HERE.parent / "pdf"
sys.path.insert(0, str(HERE))

import judges  # noqa: E402

KINDS = ("classic", "xref-stream", "object-streams", "hybrid", "hybrid-form", "linearized", "linearized-object-streams", "pages-2",
         "pages-2000", "inherited", "cropbox-offset", "rotate-90", "form-fields", "empty-fields-two", "updated-nine-times",
         "version-2.0", "id-none", "title-utf16", "tagged-with-metadata", "signed-b", "signed-lta", "signed-twice",
         "certified-p2", "certified-p2-field", "certified-p3")


@pytest.fixture(scope="module")
def swept(tmp_path_factory, prefix):
    folder, out = tmp_path_factory.mktemp("files"), tmp_path_factory.mktemp("signed")
    only = [word for name in KINDS for word in ("--only", name)]
    subprocess.run([HERE / "pyhanko/judge", "--python", PDF / "generate", folder, "--signed", *only], check=True, capture_output=True)
    answer = subprocess.run([sys.executable, PDF / "sweep", folder, "--out", out, "--prefix", prefix, "--expect",
                             folder / "expect.json"], capture_output=True, text=True)
    summary = json.loads((out / "summary.json").read_text())
    assert summary["signed"] == len(KINDS), answer.stdout[-3000:]
    return folder, out


def already_signed(name):
    return name.startswith(("signed-", "certified-"))


def test_every_kind_passes_at_level_lta(swept):
    """TOTAL-PASSED, PAdES-BASELINE-LTA, every time-stamp accepted, no warning, nothing changed after it."""
    _, out = swept
    files = [out / f"{name}.pdf" for name in KINDS if not already_signed(name)]
    wrong = [f"{path.name}: {verdict}" for path, verdict in zip(files, judges.dss_many(files, out / "root.pem")) if not verdict]
    assert wrong == []


def test_earlier_signatures_keep_their_indication(swept):
    folder, out = swept
    names = [f"{name}.pdf" for name in KINDS if already_signed(name)]
    roots = [folder / "earlier-root.pem", out / "root.pem"]
    before = judges.dss_many([folder / name for name in names], roots, None, strict=False)
    after = judges.dss_many([out / name for name in names], roots, None, strict=False)
    for name, old, new in zip(names, before, after):
        now = {one["field"]: one for one in new.detail["signatures"]}
        for one in old.detail["signatures"]:
            assert now[one["field"]]["indication"] == one["indication"], (name, now[one["field"]])
        (ours,) = [one for field, one in now.items() if field not in {old_one["field"] for old_one in old.detail["signatures"]}]
        assert (ours["indication"], ours["level"]) == ("TOTAL-PASSED", "PAdES-BASELINE-LTA"), (name, ours)


def test_one_flipped_byte_fails(swept, tmp_path):
    _, out = swept
    data = (out / "classic.pdf").read_bytes()
    changed = judges.flipped(out / "classic.pdf", tmp_path / "flipped.pdf", data.index(b"Test document"))
    assert not judges.dss(changed, out / "root.pem", strict=False)
