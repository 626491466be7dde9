"""A one-time code is where it may be and nowhere else, and five wrong ones are the end, whatever is killed meanwhile."""
import concurrent.futures
import json
import os
import pathlib
import re
import signal
import subprocess
import time

import pytest

import memory
from service import Journey, Problem

SIGNERS = 3


def dump(pid, folder):
    """All memory of a process, by gcore."""
    subprocess.run(["gcore", "-o", str(folder / "core"), str(pid)], check=True, capture_output=True, timeout=120)
    path = folder / f"core.{pid}"
    zeros, parts = bytes(65536), []
    with open(path, "rb") as f:  # a gigabyte, nearly all of it pages that were never used
        while block := f.read(len(zeros)):
            if block != zeros:
                parts.append(block)
    path.unlink()
    return b"".join(parts)


def judge_memory(data, codes):
    assert {c: hits for c in codes if (hits := memory.places(data, c.encode()))} == {}


def content(path):
    """What was really written: the maps of the status store are files with large holes."""
    parts, at = [], 0
    with open(path, "rb", 0) as f:
        while True:
            try:
                at = os.lseek(f.fileno(), at, os.SEEK_DATA)
            except OSError:  # nothing but a hole is left
                return b"".join(parts)
            end = os.lseek(f.fileno(), at, os.SEEK_HOLE)
            parts.append(os.pread(f.fileno(), end - at, at))
            at = end


def files_with(service, codes):
    """Files that hold one of these codes as a number of its own (neither part of a longer one, nor of hex, nor of a time)."""
    wanted = re.compile(rb"(?<![0-9A-Fa-f.])(" + b"|".join(c.encode() for c in codes) + rb")(?![0-9A-Fa-f])")
    held, looked = [], 0
    for path in service.dir.rglob("*"):
        if path.is_file() and path.relative_to(service.dir).parts[0] != "courier":  # the mail catcher must show it
            looked += 1
            data = content(path)
            if any(c.encode() in data for c in codes) and wanted.search(data):
                held.append(str(path))
    assert looked > 20
    return held


@pytest.mark.skipif(os.geteuid() != 0, reason="reads the memory of processes of other users")
def test_the_code_is_nowhere_but_where_it_may_be(service, tmp_path):
    core, = service.pids("paraph-core")
    with concurrent.futures.ThreadPoolExecutor(SIGNERS) as pool:
        signers = list(pool.map(lambda n: Journey(service, title="Lease 4711 rue Y").until_code(), range(SIGNERS)))
    codes = [j.code for j in signers]
    assert len(set(codes)) == SIGNERS

    held = dump(core, tmp_path)  # sent, not yet typed
    assert b"Lease 4711 rue Y" in held  # what core does hold is found in it
    judge_memory(held, codes)
    assert files_with(service, codes) == []

    courier, = service.pids("paraph-courier")  # the search finds codes where there are some: in the mail catcher
    there = dump(courier, tmp_path)
    assert all(memory.places(there, c.encode()) for c in codes)

    for j in signers:
        j.try_code()
    judge_memory(dump(core, tmp_path), codes)
    assert files_with(service, codes) == []

    for j in signers:
        j.consent().sign()
    judge_memory(dump(core, tmp_path), codes)
    assert files_with(service, codes) == []
    text = b"".join(j.proof() + j.signed() for j in signers)
    assert not re.search(rb"(?<![0-9A-Fa-f])(" + "|".join(codes).encode() + rb")(?![0-9A-Fa-f])", text)
    events = json.dumps([service.api("sender").get(f"/v1/requests/{j.req['id']}/events") for j in signers])
    assert not re.search(r"(?<![0-9A-Fa-f.])(" + "|".join(codes) + r")(?![0-9A-Fa-f])", events)


@pytest.mark.skipif(os.geteuid() != 0, reason="looks at processes of other users")
def test_no_program_leaves_a_core_file_or_can_be_traced(service):
    """dumpable 0 and no core files: gcore above works because root's gdb may do what no program of the service may."""
    for program in ("paraph-core", "paraph-keys", "paraph-courier"):
        for pid in service.pids(program):
            limits = pathlib.Path(f"/proc/{pid}/limits").read_text()
            assert re.search(r"Max core file size\s+0\s+0\s", limits), program
            assert pathlib.Path(f"/proc/{pid}/mem").stat().st_uid == 0  # the mark of a process that is not dumpable


def wrong(code, n):
    return f"{(int(code) + n) % 1000000:06d}"


def kill_keys(service):
    """kill -9 of the issuing keys program; returns when the one that is started instead answers."""
    old = [pid for pid in service.pids("paraph-keys") if b"role=issuing" in pathlib.Path(f"/proc/{pid}/cmdline").read_bytes()]
    assert len(old) == 1
    os.kill(old[0], signal.SIGKILL)
    until = time.monotonic() + 40
    while True:
        new = [p for p in service.pids("paraph-keys") if p not in old and b"role=issuing" in pathlib.Path(f"/proc/{p}/cmdline").read_bytes()]
        status, data = service.api().raw("GET", "/v1/health")
        if new and status == 200 and json.loads(data)["status"] != "failed":
            return
        assert time.monotonic() < until, data
        time.sleep(0.1)


def answer_of(j, code):
    """What a try was told; while keys is away it is told to come again."""
    until = time.monotonic() + 40
    while True:
        try:
            j.try_code(code)
            return "right"
        except Problem as p:
            if p.status != 503 and p.slug != "busy":
                return p.slug
            assert time.monotonic() < until, p
            time.sleep(0.1)


def send_again(j):
    until = time.monotonic() + 40
    while True:
        try:
            return j.send_code()
        except Problem as p:
            assert p.status == 503 and time.monotonic() < until, p
            time.sleep(0.1)


def test_tries_are_counted_for_ever_over_restarts(own_service):
    s = own_service().start()
    j = Journey(s).until_code()
    assert [answer_of(j, wrong(j.code, n)) for n in (1, 2)] == ["code-wrong"] * 2
    kill_keys(s)
    send_again(j)
    assert [answer_of(j, wrong(j.code, n)) for n in (1, 2)] == ["code-wrong"] * 2
    kill_keys(s)
    send_again(j)
    assert answer_of(j, wrong(j.code, 1)) == "code-tries"  # the fifth
    kill_keys(s)
    assert answer_of(j, j.code) == "code-tries"
    with pytest.raises(Problem) as caught:
        j.send_code()
    assert caught.value.status == 429
    assert Journey(s).whole().result["status"] == "signed"


def test_forty_guesses_at_once_are_five(service):
    j = Journey(service).until_code()
    guesses = [wrong(j.code, n) for n in range(1, 40)]
    guesses.insert(20, j.code)  # the right one in the crowd may win, then it was among the first five

    def guess(code):
        try:
            j.browser.call("POST", "/s/v1/code/try", {"code": code})
            return "right"
        except Problem as p:
            return p.slug

    with concurrent.futures.ThreadPoolExecutor(40) as pool:
        said = list(pool.map(guess, guesses))
    evaluated = said.count("code-wrong") + said.count("right")
    assert evaluated <= 5, said
    assert set(said) <= {"right", "code-wrong", "code-tries", "busy", "wrong-state", "overloaded", "too-many-requests", "code-none"}, said
    if "right" not in said:
        rest = [answer_of(j, wrong(j.code, n)) for n in range(50, 56)]
        assert said.count("code-wrong") + rest.count("code-wrong") == 4 and rest[-1] == "code-tries"
        assert answer_of(j, j.code) == "code-tries"
