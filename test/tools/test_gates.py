"""Each static gate turns red for a sample that breaks its rule, and stays green for one that does not."""
import shutil
import subprocess

import pytest


def run(top, tool, *words):
    done = subprocess.run([top / "tools" / tool, *words], capture_output=True, text=True)
    return done.returncode, done.stdout + done.stderr


def write(path, text):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


@pytest.fixture
def tree(tmp_path):
    """A small source tree that keeps every rule."""
    write(tmp_path / "src/base/README.md", "# base\n\nOctets.\n\nMay use: nothing\n")
    write(tmp_path / "src/base/foo.h", "int foo_get(void);\n")
    write(tmp_path / "src/base/foo.c", '#include "base/foo.h"\n#include <stdio.h>\nint foo_get(void) { return 1; }\n')
    write(tmp_path / "src/keys/README.md", "# keys\n\nMay use: base\n")
    write(tmp_path / "src/keys/main.c", '#include "base/foo.h"\nint main(void) { return foo_get(); }\n')
    return tmp_path


def test_rooms_accepts_a_clean_tree(top, tree):
    assert run(top, "rooms", tree)[0] == 0


@pytest.mark.parametrize("file, text, says", [
    ("src/base/foo.c", '#include "keys/main.h"\n', "base may not use keys"),
    ("src/base/foo.c", '#  include "keys/main.h"\n', "base may not use keys"),
    ("src/base/foo.c", '#include "foo.h"\n', "names no room"),
    ("src/base/foo.c", '#include "nowhere/x.h"\n', "there is no room nowhere"),
    ("src/base/foo.c", "#include <sqlite3.h>\n", "may be included in"),
    ("src/base/foo.c", "#include <openssl/evp.h>\n", "may be included in"),
    ("src/keys/main.c", "#include <curl/curl.h>\n", "may be included in"),
    ("src/base/README.md", "# base\n", "wants exactly one line"),
    ("src/base/README.md", "May use: keys\n", "keys is a program"),
    ("src/stray.c", "int x;\n", "stands in no room"),
    ("src/empty/x.c", "int x;\n", "no README.md"),
])
def test_rooms_refuses(top, tree, file, text, says):
    write(tree / file, text)
    code, out = run(top, "rooms", tree)
    assert code == 1 and says in out


def test_rooms_refuses_an_empty_tree(top, tmp_path):
    (tmp_path / "src").mkdir()
    assert run(top, "rooms", tmp_path)[0] == 1


@pytest.mark.parametrize("text, good", [
    ("int f(void);\n" * 700, True),
    ("int f(void);\n" * 701, False),
    ("void f(void) {\n\tgoto end;\nend:;\n}\n", False),
    ("/* go to the end */\n", True),
    ("/* TO" "DO: mend */\n", False),
])
def test_lines(top, tree, text, good):
    write(tree / "src/base/foo.c", text)
    code, out = run(top, "lines", tree)
    assert (code == 0) is good, out


def compile_object(tmp_path, name, text):
    folder = tmp_path / "build/src/base/libbase.a.p"
    write(folder / f"{name}.c", text)
    subprocess.run(["gcc", "-c", "-o", folder / f"{name}.c.o", folder / f"{name}.c"], check=True)
    return tmp_path / "build"


@pytest.mark.parametrize("name, text, good", [
    ("foo", "int foo(void) { return 0; } int foo_get(void) { return 0; } static int x; int *foo_x(void) { return &x; }", True),
    ("foo", "int main(void) { return 0; }", True),
    ("foo-bar", "int foo_bar_get(void) { return 0; }", True),
    ("foo", "int bar(void) { return 0; }", False),
    ("foo", "int foobar(void) { return 0; }", False),
    ("foo", "int foo_global; int counter;", False),
    ("foo.pb", "int anything;", True),
])
def test_names(top, tmp_path, name, text, good):
    compile_object(tmp_path, "foo_clean", "int foo_clean;")
    code, out = run(top, "names", compile_object(tmp_path, name, text))
    assert (code == 0) is good, out


def test_names_refuses_an_empty_build(top, tmp_path):
    assert run(top, "names", tmp_path)[0] == 1


def link_program(tmp_path, name, text, *libraries):
    write(tmp_path / "x.c", text)
    subprocess.run(["gcc", "-Wl,--no-as-needed", "-o", tmp_path / name, tmp_path / "x.c", *libraries], check=True)
    return tmp_path / name


FORKS = "#include <unistd.h>\nint main(void) { return fork(); }\n"
CONNECTS = "#include <sys/socket.h>\nint main(void) { return connect(0, 0, 0); }\n"
NOTHING = "int main(void) { return 0; }\n"
UNJAILED = "#include <stdlib.h>\nint main(void) { return getenv(\"PARAPH_NO_JAIL\") != 0; }\n"


@pytest.mark.parametrize("name, text, library, says", [
    ("paraph-keys", NOTHING, "-lcrypto", None),
    ("paraph-keys", FORKS, "-lcrypto", "refers to fork()"),
    ("paraph-keys", CONNECTS, "-lcrypto", "refers to connect()"),
    ("paraph-keys", NOTHING, "-lsqlite3", "links libsqlite3"),
    ("paraph-keys", NOTHING, "-lcurl", "links libcurl"),
    ("paraph-keys", NOTHING, "-llmdb", "links liblmdb"),
    ("paraph-status", NOTHING, "-llmdb", None),
    ("paraph-status", NOTHING, "-lsqlite3", "links libsqlite3"),
    ("paraph-document", FORKS, "-lqpdf", None),
    ("paraph-document", NOTHING, "-lsqlite3", "links libsqlite3"),
    ("paraph-courier", CONNECTS, "-lcurl", None),
    ("paraph-courier", NOTHING, "-lsqlite3", "links libsqlite3"),
    ("paraph-core", NOTHING, "-lcurl", "links libcurl"),
    ("paraph-core", NOTHING, "-lqpdf", "links libqpdf"),
    ("paraph-core", CONNECTS, "-lsqlite3", "refers to connect()"),
    ("paraph-other", NOTHING, "-lc", "has no row"),
    ("paraph-core", UNJAILED, "-lc", "knows PARAPH_NO_JAIL"),
    ("paraphd", "int main(int c, char **v) { return __builtin_strcmp(v[c - 1], \"--attempt=fork\"); }\n", "-lc", "knows --attempt="),
])
def test_links(top, tmp_path, name, text, library, says):
    code, out = run(top, "links", tmp_path, link_program(tmp_path, name, text, library))
    assert code == (0 if says is None else 1)
    assert says is None or says in out


def test_links_refuses_an_empty_build(top, tmp_path):
    write(tmp_path / "meson.build", "project('nothing')\n")
    subprocess.run(["meson", "setup", tmp_path / "build", tmp_path], check=True, capture_output=True)
    code, out = run(top, "links", tmp_path / "build")
    assert code == 1 and "nothing was checked" in out, out


@pytest.mark.parametrize("citation, good", [
    ("[RFC 6960 4.2.1]", True),
    ("[RFC 7468]", True),
    ("[RFC 4648 4, 5]", True),
    ("[RFC 3161 2.4.2, RFC 5816 2.2]", True),
    ("[EN 319 411-1 REV-6.2.4-03A]", True),
    ("[RFC 5280 appendix A]", True),
    ("[RFC 69604.2.1 x y]", False),
    ("[EN 319411 6.2]", False),
    ("[RFC 6960 4.2.1,4.3]", False),
    ("[RFC 6960 section 4.2.1 of it]", False),
])
def test_clauses(top, tree, citation, good):
    write(tree / "src/base/foo.c", f"/* {citation} */\n")
    (tree / "test").mkdir()
    code, out = run(top, "clauses", tree)
    assert (code == 0) is good, out


def test_clauses_names_code_and_test(top, tree):
    write(tree / "src/base/foo.c", "/* [RFC 6960 4.2.1] */\n")
    write(tree / "test/unit/base/foo_test.c", "/* [RFC 6960 4.2.1] */\n")
    out = run(top, "clauses", tree)[1]
    row = next(line for line in out.splitlines() if line.startswith("RFC 6960 4.2.1"))
    assert "src/base/foo.c" in row and "test/unit/base/foo_test.c" in row
    assert "1 cited in code, 1 of them by a test too" in out


def test_cppcheck_finds_a_fault(top, tmp_path):
    write(tmp_path / "x.c", "int f(void) { int a[2] = {0}; return a[2]; }\n")
    done = subprocess.run(["cppcheck", "--quiet", "--error-exitcode=1", f"--suppressions-list={top}/tools/cppcheck.suppressions",
                           tmp_path / "x.c"], capture_output=True, text=True)
    assert done.returncode == 1, done.stderr


@pytest.mark.parametrize("text, good", [
    ("int f(int a) { return a; }\n", True),
    ("int f(int a)\n{\n" + "\ta++;\n" * 100 + "\treturn a;\n}\n", False),
    ("#include <string.h>\nint f(const char *a) { return strcmp(a, \"x\") == 1; }\n", False),
])
def test_clang_tidy(top, tmp_path, text, good):
    shutil.copy(top / ".clang-tidy", tmp_path)
    write(tmp_path / "x.c", text)
    done = subprocess.run(["clang-tidy", "--quiet", tmp_path / "x.c", "--"], capture_output=True, text=True)
    assert (done.returncode == 0) is good, done.stdout


def test_a_banned_call_does_not_compile(top, tmp_path):
    for number, call in enumerate(["strcpy(a, a)", "sprintf(a, a)", "atoi(a)", "gmtime(0)", "popen(a, a)", "rand()", "system(a)"]):
        write(tmp_path / "x.c", f'#include "base/err.h"\nvoid f(char *a);\nvoid f(char *a) {{ (void)a; (void){call}; }}\n')
        done = subprocess.run(["gcc", "-std=gnu17", "-D_GNU_SOURCE", "-I", top / "src", "-c", "-o", "/dev/null", tmp_path / "x.c"],
                              capture_output=True, text=True)
        assert done.returncode != 0, f"{number}: {call} compiled"


def test_an_ignored_error_does_not_compile(top, tmp_path):
    write(tmp_path / "x.c", '#include "base/err.h"\nvoid f(void);\nvoid f(void) { err_make(ERR_INPUT, "x"); }\n')
    done = subprocess.run(["gcc", "-std=gnu17", "-D_GNU_SOURCE", "-Werror", "-I", top / "src", "-c", "-o", "/dev/null", tmp_path / "x.c"],
                          capture_output=True, text=True)
    assert done.returncode != 0 and "unused-result" in done.stderr
