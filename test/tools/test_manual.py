"""The manual names every command and option that --help names, and no other; and it is well-formed."""
import re
import subprocess

import pytest

COMMANDS = ["init", "serve", "sign", "verify", "revoke", "audit", "ceremony", "doctor"]


def helped(prefix, *words):
    r = subprocess.run([prefix / "bin/paraph", *words, "--help"], capture_output=True, text=True, timeout=20)
    assert r.returncode == 0 and r.stderr == "", r
    return r.stdout


def section(top, command):
    """The words of a command in the manual, without its markup."""
    text = (top / "man/paraph.1").read_text()
    parts = re.split(r'^\.TP\n\.BI "([a-z]+) ?[^\n]*\n', text, flags=re.M)
    found = dict(zip(parts[1::2], parts[2::2]))
    assert sorted(found) == sorted(COMMANDS)
    return found[command].partition(".SH EXIT STATUS")[0].replace("\\-", "-")


def test_every_command(prefix):
    assert re.findall(r"^  (\w+) ", helped(prefix), re.M) == COMMANDS


@pytest.mark.parametrize("command", COMMANDS)
def test_every_option(prefix, top, command):
    options = set(re.findall(r"^  (--[a-z0-9-]+)", helped(prefix, command), re.M)) - {"--help"}
    assert "--json" in options  # every command has it: the manual says so once
    assert set(re.findall(r"--[a-z0-9-]+", section(top, command))) | {"--json"} == options


def test_every_exit_status(prefix, top):
    """What a --help names is in the manual too."""
    listed = set(re.findall(r"^\.TP\n(\d+)\n", (top / "man/paraph.1").read_text().partition(".SH EXIT STATUS")[2], re.M))
    for command in COMMANDS:
        words = helped(prefix, command).partition("Exit status")[2]
        for status in re.findall(r"(?:^|[:;,] |status )(\d+)\b", words):
            assert status in listed, (command, status)
    assert listed == {"0", "1", "2", "64", "66"}
