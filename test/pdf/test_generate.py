"""The generated files are the same on each run, many, and expected to end in ways that exist."""
import json
import pathlib
import re
import subprocess
import sys

import pytest

HERE = pathlib.Path(__file__).resolve().parent
TOP = HERE.parent.parent


def generated(folder, *options):
    subprocess.run([sys.executable, HERE / "generate", folder, *options], check=True, stdout=subprocess.DEVNULL)
    return json.loads((folder / "expect.json").read_text())


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    folder = tmp_path_factory.mktemp("files")
    return folder, generated(folder)


def test_same_bytes_again(files, tmp_path):
    (one, table), two = files, tmp_path
    assert table == generated(two)
    differing = [name for name in table if (one / name).read_bytes() != (two / name).read_bytes()]
    assert differing in ([], ["bad-encrypted-aes-256.pdf"])


def test_table_is_complete_and_possible(files):
    folder, table = files
    assert sorted(table) == sorted(path.name for path in folder.glob("*.pdf"))
    signed = [name for name, row in table.items() if row["expect"] == ["signed"]]
    refused = [name for name, row in table.items() if "signed" not in row["expect"]]
    assert len(signed) >= 60 and len(refused) >= 60
    slugs = set(re.findall(r'^ERR\(\w+, \d+, \d+, \w+, "([^"]+)"', (TOP / "src/base/err.def").read_text(), re.M))
    named = {outcome for row in table.values() for outcome in row["expect"]}
    assert named - slugs == {"signed"}


def test_qpdf_calls_the_ordinary_ones_clean(files):
    """What the generator calls ordinary must not be refused because the generator writes rubbish."""
    folder, table = files
    wrong = []
    for name in (name for name, row in table.items() if row["expect"] == ["signed"]):
        answer = subprocess.run(["qpdf", "--check", folder / name], capture_output=True, text=True)
        if answer.returncode != 0:
            wrong.append(f"{name}: {answer.stderr.strip()[:200]}")
    assert not wrong
