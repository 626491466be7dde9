"""Every check of `paraph doctor` is broken once and must then say `failed` (the clock of a demo: `warning`), and `ok` before."""
import contextlib
import json
import os
import signal
import subprocess
import time

import pytest

import service as service_module


@pytest.fixture(scope="module")
def sick(prefix):
    """A service of this module's own, which its tests harm and heal."""
    s = service_module.Service(prefix)
    s.start()
    yield s
    s.kill()
    s.remove()


def doctor(service, directory=None):
    """What is said of each check (the worst, when there are several), and the exit status."""
    r = service.paraph("doctor", "--json", directory or service.dir, check=False)
    order, told = ["ok", "warning", "failed"], {}
    for c in json.loads(r.stdout)["checks"]:
        told[c["check"]] = max(told.get(c["check"], "ok"), c["state"], key=order.index)
        assert c["detail"], c
    assert r.returncode == (1 if "failed" in told.values() else 0)
    return told


@contextlib.contextmanager
def replaced(path, data):
    old, mode = path.read_bytes(), path.stat().st_mode & 0o7777
    path.chmod(0o644)
    path.write_bytes(data)
    try:
        yield
    finally:
        path.write_bytes(old)
        path.chmod(mode)


@contextlib.contextmanager
def gone(service, program):
    """The program is killed and cannot be started anew: its file is not there."""
    file = service.prefix / "libexec/paraph" / program
    file.rename(file.with_suffix(".away"))
    try:
        for pid in service.pids(program):
            os.kill(pid, signal.SIGKILL)
        yield
    finally:
        file.with_suffix(".away").rename(file)


def well(service, seconds=40):
    """Waits until nothing fails any more."""
    until = time.monotonic() + seconds
    while "failed" in (told := doctor(service)).values():
        assert time.monotonic() < until, told
        time.sleep(0.5)
    return told


def test_nothing_fails_in_a_healthy_service(sick):
    told = well(sick)
    assert set(told) == {"modes", "disk", "clock", "sockets", "jails", "certificates", "crl", "aia", "ocsp", "keys", "keystore"}


@pytest.mark.parametrize("folder", ["db", "keys/issuing", "admin", "courier"])
def test_modes(sick, folder):
    path = sick.dir / folder
    mode = path.stat().st_mode & 0o7777
    path.chmod(0o777)
    try:
        assert doctor(sick)["modes"] == "failed"
    finally:
        path.chmod(mode)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root gives files away")
def test_owners(sick):
    st = (sick.dir / "db").stat()
    os.chown(sick.dir / "db", 12345, st.st_gid)
    try:
        assert doctor(sick)["modes"] == "failed"
    finally:
        os.chown(sick.dir / "db", st.st_uid, st.st_gid)


@pytest.mark.skipif(os.geteuid() != 0, reason="mounts a small file system")
def test_disk(sick):
    """The instance seen through a copy on a file system of 48 MB."""
    small = sick.place / "small"
    small.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=48m,mode=0711", "tmpfs", small], check=True)
    try:
        subprocess.run(["cp", "-a", sick.dir, small / "i"], check=True)
        assert doctor(sick, small / "i")["disk"] == "failed"
    finally:
        subprocess.run(["umount", "-l", small], check=True)


def test_clock(sick):
    """No clock is right to a millisecond for long, and a machine without a time service says so itself: a demo warns."""
    conf = sick.dir / "paraph.conf"
    text = "\n".join(line for line in conf.read_text().splitlines() if "clock_alarm_ms" not in line)
    with replaced(conf, (text.replace("[policy]", "[policy]\nclock_alarm_ms = 1") + "\n").encode()):
        assert doctor(sick)["clock"] == "warning"


def end_in_the_past(folder):
    """A certificate that was good in January 2020 only."""
    conf = folder / "ca.conf"
    (folder / "index").write_text("")
    conf.write_text(f"[ca]\ndefault_ca=d\n[d]\ndatabase={folder}/index\nnew_certs_dir={folder}\nrand_serial=yes\ndefault_md=sha256\npolicy=p\n"
                    "[p]\ncommonName=supplied\n[req]\ndistinguished_name=n\nprompt=no\n[n]\nCN=DEMO ended\n")
    subprocess.run(["openssl", "req", "-new", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", folder / "key", "-config",
                    conf, "-out", folder / "csr"], check=True, capture_output=True)
    subprocess.run(["openssl", "ca", "-batch", "-selfsign", "-config", conf, "-keyfile", folder / "key", "-in", folder / "csr", "-out", folder / "pem",
                    "-startdate", "20200101000000Z", "-enddate", "20200201000000Z", "-notext"], check=True, capture_output=True)
    return subprocess.run(["openssl", "x509", "-in", folder / "pem", "-outform", "DER"], check=True, capture_output=True).stdout


@pytest.mark.parametrize("name", ["tsu", "seal"])
def test_certificates(sick, tmp_path, name):
    with replaced(sick.dir / f"public/{name}.cer", end_in_the_past(tmp_path)):
        assert doctor(sick)["certificates"] == "failed"
    with replaced(sick.dir / f"public/{name}.cer", b"garbage"):
        assert doctor(sick)["certificates"] == "failed"


def test_crl_aia_and_ocsp_of_another_ca(sick):
    """The service serves lists, certificates and answers of a CA that is not the one in public/."""
    with replaced(sick.dir / "public/issuing.cer", (sick.dir / "public/root.cer").read_bytes()):
        told = doctor(sick)
    assert [told[c] for c in ("crl", "aia", "ocsp")] == ["failed"] * 3


def test_keys(sick):
    with gone(sick, "paraph-keys"):
        told = doctor(sick)
    assert told["keys"] == "failed" and told["jails"] == "failed", told
    well(sick)


def test_sockets_jails_and_all_that_is_fetched_when_the_service_is_stopped(sick):
    sick.stop()
    try:
        told = doctor(sick)
        assert {c for c, state in told.items() if state == "failed"} == {"sockets", "jails", "crl", "aia", "ocsp", "keys"}
    finally:
        sick.start()


def test_jails(sick):
    """All programs run, but unconfined (a switch that only builds with fault hooks have)."""
    sick.stop()
    sick.start(env={"PARAPH_NO_JAIL": "1"})
    try:
        told = doctor(sick)
        assert told["jails"] == "failed" and told["sockets"] == "ok"
    finally:
        sick.stop()
        sick.start()
    assert doctor(sick)["jails"] == "ok"
