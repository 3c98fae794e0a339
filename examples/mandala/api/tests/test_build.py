import shutil
import subprocess
import sys
from pathlib import Path

import pytest

API = Path(__file__).resolve().parents[1]


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the app, so that the test leaves the real build alone, sharing its cache."""
    app = tmp_path_factory.mktemp("app")
    shutil.copytree(API, app / "api", ignore=shutil.ignore_patterns("__pycache__", ".*", "ca.pem"))
    if (API.parent / ".cache").is_dir():
        shutil.copytree(API.parent / ".cache", app / ".cache")
    return app


def build(app: Path) -> dict[str, bytes]:
    subprocess.run([sys.executable, app / "api" / "build.py"], check=True)  # noqa: S603
    output = app / "build" / "api"
    return {str(f.relative_to(output)): f.read_bytes() for f in output.rglob("*") if f.is_file()}


def test_the_artifact_is_complete_clean_and_the_same_every_time(app: Path) -> None:
    first = build(app)
    assert {"mandala/handler.py", "mandala/migrations/0001_goals.sql"} <= first.keys()
    assert "pg8000/native.py" in first
    assert not [name for name in first if "__pycache__" in name or "/RECORD" in name]
    assert build(app) == first


def test_nothing_stale_stays(app: Path) -> None:
    before = build(app)
    extra = app / "api" / "mandala" / "gone.py"
    extra.write_text("")
    (app / "api" / "ca.pem").write_text("authority")
    assert build(app).keys() - before.keys() == {"mandala/gone.py", "ca.pem"}
    extra.unlink()
    (app / "api" / "ca.pem").unlink()
    assert build(app) == before


def test_the_artifact_runs_on_its_own(app: Path) -> None:
    build(app)
    code = (
        "from mandala.handler import handle\n"
        "import mandala.migrate\n"
        "print(handle({'httpMethod': 'GET', 'path': '/api/version'}, None)['statusCode'])"
    )
    # -I: nothing of the environment; the artifact is put on the path as Lambda does.
    code = f"import sys; sys.path.insert(0, {str(app / 'build' / 'api')!r})\n{code}"
    result = subprocess.run(  # noqa: S603
        [sys.executable, "-I", "-B", "-c", code], capture_output=True, text=True, check=True
    )
    assert result.stdout.splitlines()[-1] == "200"
