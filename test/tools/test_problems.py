"""The lists of problems that people and programs read are those of the registry of errors."""
import shutil
import subprocess

FILES = ("web/problems", "web/openapi.json", "doc/api.md", "src/base/err.def")


def written(top, place):
    """What web/problems writes in a copy of the files."""
    for name in FILES:
        (place / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(top / name, place / name)
    subprocess.run([place / "web/problems"], check=True)
    return {name: (place / name).read_text() for name in FILES}


def test_the_lists_are_those_of_the_registry(top, tmp_path):
    for name, text in written(top, tmp_path).items():
        assert text == (top / name).read_text(), f"{name}: run web/problems"


def test_a_new_error_is_in_both_lists(top, tmp_path):
    changed = (top / "src/base/err.def").read_text() + 'ERR(SAMPLE, 9999, 418, LOG_INFO, "a-sample", "This is a sample.")\n'
    written(top, tmp_path)
    (tmp_path / "src/base/err.def").write_text(changed)
    subprocess.run([tmp_path / "web/problems"], check=True)
    assert '"a-sample"' in (tmp_path / "web/openapi.json").read_text()
    assert "| `a-sample` | 418 | This is a sample. |" in (tmp_path / "doc/api.md").read_text()
