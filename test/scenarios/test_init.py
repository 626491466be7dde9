"""paraph init says what is wrong before it writes anything, and gives a folder back as it was when it fails half way."""
import json
import os
import pathlib
import shutil
import signal
import subprocess
import tempfile
import time

import pytest


@pytest.fixture(scope="module")
def program(prefix):
    with tempfile.TemporaryDirectory(prefix="paraph-") as path:
        os.chmod(path, 0o711)
        copy = pathlib.Path(path) / "program"
        shutil.copytree(prefix, copy, symlinks=True)
        for folder, _, _ in os.walk(copy):
            os.chmod(folder, 0o755)
        yield copy


@pytest.fixture
def place():
    with tempfile.TemporaryDirectory(prefix="paraph-") as path:
        os.chmod(path, 0o711)
        yield pathlib.Path(path)


def tree(folder):
    """Everything below, with modes, owners and content."""
    found = {}
    for path in [folder, *sorted(folder.rglob("*"))]:
        st = path.lstat()
        found[str(path)] = (st.st_mode, st.st_uid, st.st_gid, path.read_bytes() if path.is_file() else None)
    return found


def init(program, *words, **kwargs):
    return subprocess.run([program / "bin/paraph", "init", *map(str, words)], capture_output=True, text=True, timeout=120, **kwargs)


WRONG = [
    (("--name", "Paraph"), "DEMO"),  # the name goes into common_name, which must say DEMO
    (("--organisation", "Somebody"), "DEMO"),
    (("--profile", "internal", "--name", "DEMO Paraph", "--organisation", "Somebody"), "DEMO"),
    (("--profile", "production", "--name", "Somebody", "--organisation", "Somebody"), "[mail]"),
    (("--base-url", "http://:80"), "base_url"),
    (("--site-url", "https://"), "site_url"),
    (("--profile", "nonsense"), "demo internal production"),
    (("--name", "DEMO " + "x" * 39), "at most 64"),
    (("--name", "DEMO\u200b"), "U+200B"),
    (("--name", "DEMO  two"), "two in a row"),
    (("--name", " DEMO"), "a space at its start or end"),
    (("--name", "DEMO\noid_arc = 1.2.3"), "--name"),
    (("--name", os.fsdecode(b"DEMO \xff")), "--name"),
    (("--name", ""), "--name is empty"),
    (("--organisation", "DEMO " + "x" * 60), "at most 64"),
    (("--identifier", "x" * 65), "at most 64"),
    (("--country", "fr"), "two capital letters"),
    (("--country", "FRA"), "two capital letters"),
    (("--https-port", "0"), "https_port"),
    (("--https-port", "x"), "https_port"),
    (("--http-port", "65536"), "http_port"),
    (("--http-port", "8443"), "must differ"),
    (("--base-url", "localhost"), "base_url"),
    (("--base-url", "https://localhost"), "base_url"),  # of what certificates name: OCSP and CRL go over http
    (("--base-url", "http://"), "base_url"),
    (("--base-url", "http:///x"), "base_url"),
    (("--base-url", "http://localhost/"), "base_url"),
    (("--base-url", "http://localhost/a b"), "base_url"),
    (("--base-url", "http://\u00e9.example"), "base_url"),
    (("--base-url", "http://" + "x" * 300), "base_url"),
    (("--site-url", "ftp://localhost"), "site_url"),
    (("--site-url", "https://localhost?x"), "site_url"),
]


@pytest.mark.parametrize("words, says", WRONG, ids=[" ".join(w)[:40].encode("unicode_escape").decode() for w, _ in WRONG])
def test_wrong_wishes(program, place, words, says):
    for folder in ("new", "empty"):
        (place / "empty").mkdir(exist_ok=True)
        before = tree(place)
        r = init(program, *words, place / folder)
        assert (r.returncode, r.stdout, r.stderr.count("\n")) == (1, "", 1) and says in r.stderr, r
        assert tree(place) == before


def test_wrong_places(program, place):
    (place / "file").write_text("x")
    (place / "full").mkdir()
    (place / "full/.hidden").touch()
    (place / "full2").mkdir()
    (place / "full2/paraph.conf").write_text("mine")
    (place / "dangling").symlink_to(place / "nowhere/x")
    cases = [("file", "not a directory"), ("full", "not empty"), ("full2", "not empty"), ("no/where", "/no, in which"), ("file/x", "Not a directory"),
             ("dangling", ""), ("", "empty"), ("a'b", "special character"), ("a\nb", "control character"), ("x" * 100, "octets"),
             ("x" * 300, "")]
    before = tree(place)
    for name, says in cases:
        r = init(program, name and place / name)
        assert (r.returncode, r.stdout, r.stderr.count("\n")) == (1, "", 1) and says in r.stderr, (name, r)
        assert tree(place) == before


@pytest.mark.skipif(os.geteuid() != 0, reason="another user's rights, and a small file system, are tried by root only")
def test_places_of_others_and_small_ones(program, place):
    (place / "closed").mkdir(mode=0o700)
    before = tree(place)
    r = init(program, place / "closed/i")
    assert r.returncode == 1 and "cannot pass" in r.stderr and tree(place) == before, r
    r = init(program, place / "new", user=65534, group=65534)
    assert r.returncode == 1 and "Permission denied" in r.stderr and tree(place) == before, r
    small = place / "small"
    small.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=48m,mode=0711", "tmpfs", small], check=True)
    try:
        for folder in (small, small / "i"):
            r = init(program, folder)
            assert r.returncode == 1 and "MiB" in r.stderr and list(small.iterdir()) == [], r
    finally:
        subprocess.run(["umount", small], check=True)


def test_the_longest_names_fit(program, place):
    (place / "i").mkdir(mode=0o750)
    r = init(program, "--json", "--name", "DEMO " + "é" * 38, "--organisation", "DEMO " + "x" * 59, "--identifier", "NTRFR-" + "1" * 58, place / "i")
    assert r.returncode == 0, r.stderr
    assert json.loads(r.stdout)["instance"] == str(place / "i")


def test_a_folder_whose_name_is_no_text(program, place):
    r = init(program, "--json", place / os.fsdecode(b"i-\xff"))
    assert r.returncode == 0, r.stderr
    assert json.loads(r.stdout)["instance"] == f"{place}/i-?"
    assert (place / os.fsdecode(b"i-\xff/bootstrap.json")).is_file()


def test_shared_files_lie_where_the_environment_says(program, place):
    """For paraph itself and for the programs of its ceremonies, now and later."""
    shutil.copytree(program, place / "bare", symlinks=True)
    (place / "bare/share/paraph").rename(place / "elsewhere")
    env = dict(os.environ, PARAPH_SHARE=str(place / "elsewhere"))
    r = init(place / "bare", place / "i", env=env)
    assert r.returncode == 0, r.stderr
    r = subprocess.run([place / "bare/bin/paraph", "ceremony", "root-crl", place / "i"], capture_output=True, text=True, env=env, timeout=60)
    assert r.returncode == 0, r.stderr


@pytest.mark.parametrize("folder", ["new", "empty"])
def test_a_failure_half_way_leaves_nothing(program, place, folder):
    """An installation without a profile: the ceremony fails after configuration and TLS key were written."""
    (place / "empty").mkdir(mode=0o2750)
    (place / "empty").chmod(0o2750)
    if os.geteuid() == 0:
        os.chown(place / "empty", 1234, 2345)
        (place / "empty").chmod(0o2750)
    broken = place / "broken"
    shutil.copytree(program, broken, symlinks=True)
    (broken / "share/paraph/policy/profiles/tsu.json").unlink()
    before = tree(place)
    r = init(broken, place / folder)
    assert r.returncode == 1 and "nothing was made" in r.stderr and "made  instance directory" in r.stdout, r
    assert tree(place) == before
    assert init(program, place / folder).returncode == 0


def test_ctrl_c_leaves_nothing(program, place):
    before = tree(place)
    p = subprocess.Popen([program / "bin/paraph", "init", place / "i"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                         start_new_session=True)
    until = time.monotonic() + 30
    while not (place / "i/keys/root/keystore").exists() and time.monotonic() < until:
        time.sleep(0.005)
    os.killpg(p.pid, signal.SIGINT)
    _, told = p.communicate(timeout=30)
    assert p.returncode == 1 and "nothing was made" in told, (p.returncode, told)
    assert tree(place) == before
