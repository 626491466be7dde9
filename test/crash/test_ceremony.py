"""paraph init dies: half an instance is refused in clear words, by init and by serve, and says what to do; it never becomes a
service. A program of its ceremony dies: nothing is left."""
import concurrent.futures
import os
import shutil
import subprocess

import pytest

# The ceremony, by role; after "@" the how manieth time. paraph init itself acts as INIT.
POINTS = [{"INIT": "init.configuration"}] + [{"INIT": f"init.file@{n}"} for n in range(1, 20)] + [
    {"ROOT": "keys.ceremony.key"}, {"ROOT": "keys.torn.1"}, {"ROOT": "keys.torn.3"}, {"ROOT": "keys.torn.3@4"}, {"ROOT": "keys.certificate.record"},
    {"ROOT": "keys.certificate.answer"}, {"ROOT": "keys.torn.4"}, {"ROOT": "keys.crl.record"}, {"ROOT": "keys.crl.answer"},
    {"ISSUING": "keys.ceremony.key@2"}, {"ISSUING": "keys.torn.1@3"}, {"ISSUING": "keys.torn.2"}, {"ISSUING": "keys.torn.2@3"},
    {"ISSUING": "keys.ceremony.certificate"}, {"ISSUING": "keys.torn.3"}, {"STATUS": "keys.ceremony.key"}, {"STATUS": "keys.torn.1"},
    {"STATUS": "keys.torn.2"}, {"STATUS": "keys.ceremony.certificate@2"}]
FINISHED = {"INIT": "init.finished"}
POINTS.append(FINISHED)


@pytest.fixture
def place(prefix, tmp_path):
    """Programs that every user may enter, as in Service."""
    import tempfile
    top = tempfile.mkdtemp(prefix="paraph-")
    os.chmod(top, 0o711)
    shutil.copytree(prefix, f"{top}/program", symlinks=True)
    for folder, _, _ in os.walk(f"{top}/program"):
        os.chmod(folder, 0o755)
    yield top
    shutil.rmtree(top, ignore_errors=True)


def run(place, *words, env=None):
    return subprocess.run([f"{place}/program/bin/paraph", *words], capture_output=True, text=True, timeout=120, env=dict(os.environ, **(env or {})))


def die(place, number):
    """What init said, and what it and serve say about what is left."""
    (program, point), = POINTS[number].items()
    directory = f"{place}/{number}"
    first = run(place, "init", directory, env={"PARAPH_FAULT" if program == "INIT" else f"PARAPH_FAULT_{program}": point})
    name = point.split("@")[0]
    assert f'"event":"fault","point":"{name}"' in first.stderr, f"{program} {point} was not reached\n{first.stderr}"
    assert first.returncode == (-9 if program == "INIT" else 1), (point, first)
    if POINTS[number] is FINISHED:
        return
    if program != "INIT":
        assert "nothing was made" in first.stderr and not os.path.exists(directory), (point, first)
        return
    second = run(place, "init", directory)
    assert second.returncode != 0 and f"{directory} is not complete" in second.stderr and "Remove it" in second.stderr, (point, second)
    served = run(place, "serve", directory)
    assert served.returncode != 0 and f"{directory} is not complete" in served.stderr and "anew" in served.stderr, (point, served)


def test_half_an_instance_is_refused(place):
    with concurrent.futures.ThreadPoolExecutor(4) as pool:
        for outcome in [pool.submit(die, place, n) for n in range(len(POINTS))]:
            outcome.result()


def test_every_file_has_its_row(place):
    """A file more than the table has would be the last that is not tried."""
    n = sum("init.file" in str(row) for row in POINTS)
    r = run(place, "init", f"{place}/i", env={"PARAPH_FAULT": f"init.file@{n + 1}"})
    assert r.returncode == 0, r.stderr
