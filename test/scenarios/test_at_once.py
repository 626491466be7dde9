"""Many signers at the same moment: all threads of all programs at work. Run with the thread sanitizer too."""
import concurrent.futures

import pytest

from service import Journey, Service


@pytest.fixture(scope="module")
def busy(prefix):
    s = Service(prefix)
    s.start(wait=False)
    s.wait_ready(90)
    yield s
    s.remove()


@pytest.mark.threads
@pytest.mark.sanitized
def test_signers_at_once(busy, tmp_path):
    """Each gets his own signature, no program ends, and none says that its threads raced. A request for health beside each."""
    def one(i):
        j = Journey(busy, given=f"Jane{'abcdefgh'[i % 8]}").until_consent()
        assert busy.api().get("/v1/health")["keys"] is True
        return j.sign()
    before = sorted(busy.pids())
    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        journeys = list(pool.map(one, range(48)))
    assert [j.result["status"] for j in journeys] == ["signed"] * 48
    serials = {j.result["documents"][0]["certificate"]["serial"] for j in journeys}
    assert len(serials) == 48
    assert set(before) <= set(busy.pids()), "a program ended\n" + busy.logs()
    path = journeys[-1].save(tmp_path)
    assert busy.paraph("verify", "--trust", tmp_path / "root.pem", path, check=False).returncode == 0
    busy.stop(60)
    said = "".join(f.read_text(errors="replace") for f in [busy.place / "server.log", *(busy.dir / "log").glob("*")] if f.is_file())
    assert '"event":"ready"' in said and "Sanitizer" not in said, said[said.find("Sanitizer") - 200:][:6000]
