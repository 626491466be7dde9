"""Each bench prints one object with --json, in which its figures stand and make sense. How fast anything was is no matter here."""
import concurrent.futures
import json
import math
import subprocess
import sys

import pytest

BENCHES = ("signature", "memory", "certificate", "pen")


@pytest.fixture(scope="module")
def told(top, build_dir):
    """What each bench printed. All run at once: they wait most of the time, and nothing is said of their speed."""
    commands = {
        # eight: fewer may use less processor time than the kernel counts
        "signature": [sys.executable, top / "bench/signature", "--build", build_dir, "--count", "8", "--in-flight", "2", "--json"],
        "memory": [sys.executable, top / "bench/memory", "--build", build_dir, "--count", "2", "--rest", "0.5", "--json"],
        "certificate": [build_dir / "bench/bench-certificate", "--json", "500"],
        "pen": [build_dir / "test/unit/keys/pen-bench", "--json", "2", "1"],
    }

    def run(name):
        done = subprocess.run(commands[name], cwd=top, capture_output=True, text=True, stdin=subprocess.DEVNULL, timeout=300)
        assert done.returncode == 0, f"{name}: {done.stdout}\n{done.stderr}"
        return json.loads(done.stdout)
    with concurrent.futures.ThreadPoolExecutor(len(commands)) as pool:
        return dict(zip(BENCHES, pool.map(run, BENCHES)))


@pytest.mark.parametrize("bench", BENCHES)
def test_figures(told, bench):
    figures = {name: told[bench][name] for name in ("rate", "cpu_us", "floor", "ratio")}
    for name, value in figures.items():
        # a service at rest may use less in half a second than the kernel counts
        assert math.isfinite(value) and (value > 0 or (bench, name, value) == ("memory", "cpu_us", 0)), figures
    of, by = ("floor", "rate") if bench == "memory" else ("rate", "floor")
    assert figures["ratio"] == pytest.approx(figures[of] / figures[by], rel=0.02, abs=0.002)


def test_the_steps_of_a_signature_are_its_whole_time(told):
    signature = told["signature"]
    steps = signature["steps"]
    assert len({step["name"] for step in steps}) == len(steps) > 10
    for step in steps:
        assert 0 <= step["ms_median"] <= step["ms_p95"] <= 60_000, step
    together = sum(step["ms_median"] for step in steps)
    assert signature["ms_median"] / 2 <= together <= signature["ms_median"] * 2, signature
