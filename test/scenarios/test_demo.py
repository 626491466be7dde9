"""./demo with the files that people have: names, folders and mistakes. It runs on the staged programs and so installs and builds
nothing; what it leaves behind is looked at each time."""
import contextlib
import hashlib
import os
import pathlib
import re
import shutil
import signal
import socket
import subprocess
import tempfile
import time

import pytest

from service import SAMPLE

NOBODY = 65534


def ours(place):
    """Processes that were started with anything of this place."""
    found = []
    for entry in pathlib.Path("/proc").iterdir():
        try:
            if entry.name.isdigit() and str(place).encode() in (entry / "environ").read_bytes() + (entry / "cmdline").read_bytes():
                found.append((int(entry.name), (entry / "cmdline").read_bytes()))
        except OSError:
            continue
    return found


class Demo:
    def __init__(self, top, prefix, place, watch):
        self.top, self.place, self.temporary = top, place, place / "tmp"
        self.temporary.mkdir()
        # mktemp that writes down what it made: from it follows where the front's cache was.
        self.made = watch / "made"
        self.made.touch()
        (watch / "mktemp").write_text(f"#!/bin/sh\n{shutil.which('mktemp')} \"$@\" | tee -a {self.made}\n")
        (watch / "mktemp").chmod(0o755)
        self.env = dict(os.environ, PARAPH_PREFIX=str(prefix), TMPDIR=str(self.temporary), PATH=f"{watch}:{os.environ['PATH']}")

    def run(self, *words, cwd=None, **kwargs):
        r = subprocess.run([self.top / "demo", *words], capture_output=True, text=True, env=self.env, cwd=cwd or self.place,
                           timeout=180, stdin=subprocess.DEVNULL, **kwargs)
        self.nothing_is_left()
        return r

    def caches(self):
        """Folders in memory that the demos so far have."""
        paths = [f"{os.path.realpath(place)}/instance" for place in self.made.read_text().split()]
        folders = [pathlib.Path(f"/dev/shm/paraph-front-{hashlib.sha256(path.encode()).hexdigest()[:16]}") for path in paths]
        return [folder for folder in folders if folder.exists()]

    def nothing_is_left(self, killed=False):
        """killed: paraphd could not remove its cache any more."""
        assert list(self.temporary.iterdir()) == [] and ours(self.temporary) == []
        left = self.caches()
        for folder in left:
            shutil.rmtree(folder)
        assert left == [] or killed


@pytest.fixture
def demo(top, prefix):
    with tempfile.TemporaryDirectory(prefix="paraph-") as path, tempfile.TemporaryDirectory() as watch:
        os.chmod(path, 0o711)
        yield Demo(top, prefix, pathlib.Path(path), pathlib.Path(watch))


def names(folder):
    return sorted(p.name for p in folder.iterdir())


@pytest.mark.parametrize("name, stem, folder", [("UP.PDF", "UP", "."), ("l'été \"b\" $x.pdf", "l'été \"b\" $x", "in/../in"), ("-dash", "-dash", ".")])
def test_results_are_named_after_the_file(demo, name, stem, folder):
    place = demo.place / "in"
    place.mkdir()
    (place / name).write_bytes(SAMPLE.read_bytes())
    cwd = place if folder == "." else demo.place
    r = demo.run("--", name if folder == "." else f"{folder}/{name}", cwd=cwd)
    assert r.returncode == 0 and r.stderr == "", r.stdout + r.stderr
    assert names(place) == sorted([name, f"{stem}-proof.json", f"{stem}-root.pem", f"{stem}-signed.pdf"])
    assert "Signature is Valid" in r.stdout or not shutil.which("pdfsig")
    assert re.search(r"^Signed document .*-signed\.pdf$", r.stdout, re.M)


def test_a_folder_that_does_not_exist_is_made_and_a_second_run_replaces(demo):
    out = demo.place / "new/er"
    first = demo.run("--out", str(out))
    assert first.returncode == 0, first.stdout + first.stderr
    assert names(out) == ["contract-proof.json", "contract-root.pem", "contract-signed.pdf"]
    root = (out / "contract-root.pem").read_bytes()
    assert demo.run(f"--out={out}").returncode == 0
    assert (out / "contract-root.pem").read_bytes() != root and len(names(out)) == 3


def test_a_file_that_is_signed_already(demo):
    """By a demo, whose CA no later one knows: that signature cannot be decided, the new one is valid, and the demo says both."""
    first = demo.run("--out", "first")
    assert first.returncode == 0 and "earlier one" not in first.stdout, first
    signed = demo.place / "first/contract-signed.pdf"
    r = demo.run("--out", "second", str(signed))
    assert (r.returncode, r.stderr) == (0, ""), r
    assert len(re.findall(r"^The signature of this demo is valid\. .* earlier one", r.stdout, re.M)) == 1, r.stdout
    assert re.findall(r"^(\d\. Jane Doe: .*)$", r.stdout, re.M) == ["1. Jane Doe: Cannot be decided", "3. Jane Doe: Valid"], r.stdout
    assert names(demo.place / "second") == [f"contract-signed-{e}" for e in ("proof.json", "root.pem", "signed.pdf")]
    assert re.search(r"^Trust anchor  ", r.stdout, re.M)


def test_what_is_not_from_an_earlier_run_is_kept(demo):
    place = demo.place
    (place / "a.pdf").write_bytes(SAMPLE.read_bytes())

    def kept(name, *words):
        before = {p: p.read_bytes() for p in place.iterdir() if p.is_file()}
        r = demo.run(*words, "a.pdf")
        assert (r.returncode, r.stdout, r.stderr.count("\n")) == (73, "", 1) and f"{name} " in r.stderr, r
        assert {p: p.read_bytes() for p in place.iterdir() if p.is_file()} == before
        return r.stderr

    for name in ("a-signed.pdf", "a-proof.json", "a-root.pem"):
        (place / name).write_text("mine")
        assert "--overwrite" in kept(name)
        (place / name).unlink()
    (place / "a-signed.pdf").symlink_to("elsewhere.pdf")
    assert "--overwrite" not in kept("a-signed.pdf", "--overwrite")
    (place / "a-signed.pdf").unlink()
    (place / "a-proof.json").write_text("mine")
    r = demo.run("--overwrite", "a.pdf")
    assert r.returncode == 0 and (place / "a-proof.json").read_bytes() != b"mine", r
    # Three results of a demo, of which one was touched since.
    for name in ("a-signed.pdf", "a-proof.json", "a-root.pem"):
        whole = (place / name).read_bytes()
        (place / name).write_bytes(whole[:300] + b"\n")
        kept("a-signed.pdf")
        (place / name).write_bytes(whole)


def test_mistakes_are_one_sentence(demo):
    place = demo.place
    (place / "text.pdf").write_text("hello")
    (place / "empty.pdf").touch()
    (place / "folder.pdf").mkdir()
    os.mkfifo(place / "pipe.pdf")
    (place / "good.pdf").write_bytes(SAMPLE.read_bytes())
    cases = [
        (("nowhere.pdf",), 66, "there is no file nowhere.pdf"),
        (("folder.pdf",), 66, "not a file"),
        (("pipe.pdf",), 66, "not a file"),
        (("text.pdf",), 66, "not a PDF"),
        (("empty.pdf",), 66, "not a PDF"),
        (("--out", "text.pdf", "good.pdf"), 73, "cannot be made"),
        (("--out", "text.pdf/x", "good.pdf"), 73, "cannot be made"),
        (("--nonsense",), 64, "no option"),
        (("-x.pdf",), 64, "no option"),
        (("--out",), 64, "directory"),
        (("--out=", "good.pdf"), 64, "no option"),
        (("good.pdf", "good.pdf"), 64, "one file"),
        (("",), 64, "empty"),
    ]
    before = names(place)
    for words, status, says in cases:
        r = demo.run(*words)
        assert (r.returncode, r.stdout, r.stderr.count("\n")) == (status, "", 1) and says in r.stderr, (words, r)
    assert names(place) == before


@pytest.mark.skipif(os.geteuid() != 0, reason="another user's rights are tried by root only")
def test_what_another_user_may_not_do(demo):
    place = demo.place
    place.chmod(0o755)
    demo.temporary.chmod(0o777)
    shutil.copy(demo.top / "demo", place / "demo")
    demo.top = place
    (place / "closed.pdf").write_bytes(SAMPLE.read_bytes())
    (place / "closed.pdf").chmod(0o600)
    (place / "open.pdf").write_bytes(SAMPLE.read_bytes())
    for words, status, says in ((("closed.pdf",), 66, "cannot be read"), (("open.pdf",), 73, "nothing can be written into ."),
                                (("--out", "new", "open.pdf"), 73, "cannot be made")):
        r = demo.run(*words, user=NOBODY, group=NOBODY)
        assert (r.returncode, r.stdout, r.stderr.count("\n")) == (status, "", 1) and says in r.stderr, (words, r)


def test_a_pdf_that_is_refused(demo):
    (demo.place / "cut.pdf").write_bytes(SAMPLE.read_bytes()[:4000])
    r = demo.run("cut.pdf")
    assert r.returncode == 1 and r.stderr.count("\n") == 1 and r.stderr.startswith("paraph: "), r
    assert names(demo.place) == ["cut.pdf", "tmp"]


def ordinary_signals():
    """As in a terminal: what was ignored when a shell began (nohup, a job in the background) it cannot trap."""
    for number in (signal.SIGHUP, signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_DFL)


def show_what_is_left(demo, p):
    """Who did not end, what each waits for, and what the service said last."""
    for pid, words in [(p.pid, b"demo"), *ours(demo.temporary)]:
        with contextlib.suppress(OSError):
            state = [line for line in pathlib.Path(f"/proc/{pid}/status").read_text().splitlines() if line.startswith(("State", "PPid", "Sig", "Shd"))]
            print(pid, words, pathlib.Path(f"/proc/{pid}/wchan").read_text(), *state)
    for log in demo.temporary.glob("*/server.log"), demo.temporary.glob("*/instance/log/*.log"):
        for path in log:
            print(path.name, path.read_text(errors="replace")[-3000:])


def kill_all(demo, p):
    """After a test that failed."""
    if p.poll() is None:
        show_what_is_left(demo, p)
        os.killpg(p.pid, signal.SIGKILL)
    for pid, _ in ours(demo.temporary):
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)


@pytest.mark.parametrize("how, times", [(signal.SIGINT, 1), (signal.SIGTERM, 1), (signal.SIGHUP, 1), (signal.SIGINT, 20), (signal.SIGTERM, 20)])
def test_stay_ends_with_everything(demo, how, times):
    """Ctrl-C and the end of the terminal reach all its processes; a TERM only the script. Who is impatient waits all the same."""
    p = subprocess.Popen([demo.top / "demo", "--stay", "--out", demo.place / "out"], stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                         text=True, env=demo.env, cwd=demo.place, start_new_session=True, preexec_fn=ordinary_signals)
    try:
        for line in p.stdout:
            if line.startswith("  Check"):
                break
        else:
            pytest.fail(p.communicate()[1])
        assert len(ours(demo.temporary)) > 5 and len(demo.caches()) == os.path.ismount("/dev/shm")
        for _ in range(times):
            with contextlib.suppress(ProcessLookupError):
                (os.kill if how == signal.SIGTERM else os.killpg)(p.pid, how)
            time.sleep(0.02)
        _, told = p.communicate(timeout=60)
        assert p.returncode == 128 + how and told == "", (p.returncode, told)
        demo.nothing_is_left()
    finally:
        kill_all(demo, p)


def test_a_service_that_is_killed_leaves_nothing_either(demo):
    """Its programs end after it, and may still write when the folder is removed."""
    p = subprocess.Popen([demo.top / "demo", "--stay", "--out", demo.place / "out"], stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                         text=True, env=demo.env, cwd=demo.place, start_new_session=True, preexec_fn=ordinary_signals)
    try:
        assert any(line.startswith("  Check") for line in p.stdout)
        os.kill(next(pid for pid, cmdline in ours(demo.temporary) if cmdline.split(b"\0")[0].endswith(b"paraphd")), signal.SIGKILL)
        _, told = p.communicate(timeout=60)
        assert "demo:" not in told and "rm:" not in told, told
        until = time.monotonic() + 5
        while ours(demo.temporary) and time.monotonic() < until:
            time.sleep(0.1)
        demo.nothing_is_left(killed=True)
    finally:
        kill_all(demo, p)


def test_a_port_that_is_taken_meanwhile_is_given_up(demo):
    """As a second demo does it that looks for free ports at the same moment: here the look itself names a port of somebody else."""
    (demo.place / "bin").mkdir()
    with socket.socket() as other, socket.socket() as free:
        other.bind(("127.0.0.1", 0))
        other.listen()
        free.bind(("127.0.0.1", 0))
        looked = demo.place / "looked"
        look = demo.place / "bin/python3"
        look.write_text(f"""#!/bin/sh
[ ! -e {looked} ] || exec {shutil.which("python3")} "$@"
touch {looked}
echo {other.getsockname()[1]} {free.getsockname()[1]}
""")
        look.chmod(0o755)
        free.close()
        demo.env["PATH"] = f"{look.parent}:{demo.env['PATH']}"
        r = demo.run("--out", "out")
    assert (r.returncode, r.stderr) == (0, "") and "A port was taken meanwhile" in r.stdout, r
