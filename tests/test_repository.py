"""What holds for the repository as a whole: locks, names, papers and packaging."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tomllib
from email import message_from_string
from pathlib import Path
from typing import Any
from zipfile import ZipFile

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

ROOT = Path(__file__).parent.parent
PROJECT: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
LOCKS = ("requirements.lock", "requirements-run.lock", "requirements-build.lock")

# Put together here, so that this file does not name what it forbids.
REGISTRIES = [
    "py" + "pi.org",
    "python" + "hosted.org",
    "npm" + "js.org",
    "npm" + "js.com",
    "yarn" + "pkg.com",
    "gh" + "cr.io",
    "docker" + ".io",
    "quay" + ".io",
    "crates" + ".io",
    "ana" + "conda.org",
    "proxy.go" + "lang.org",
    "deb." + "debian.org",
    "un" + "pkg.com",
    "js" + "delivr.net",
    "cloud" + "flare.com",
]
MACHINE_PATHS = re.compile(r"(?<![\w.~/$}:*-])/(?:home|Users|root|" + "wor" + "k|" + "tm" + r"p)/\w")


def text_of(name: str) -> str:
    """A file of the repository as text."""
    return (ROOT / name).read_text(encoding="utf-8")


def run(words: list[str], **environ: str) -> subprocess.CompletedProcess[str]:
    """What a program answers, run from the root with `environ` besides the usual."""
    return subprocess.run(  # noqa: S603 - our own programs with our own words
        words, cwd=ROOT, capture_output=True, text=True, check=False, env={**os.environ, **environ}
    )


def tracked() -> list[str]:
    """The repository's files; without git, what is there beside what was made."""
    git = shutil.which("git")
    if git and (ROOT / ".git").exists():
        listed = run([git, "ls-files", "-z"])
        if listed.returncode == 0 and listed.stdout:
            return [name for name in listed.stdout.split("\0") if name and (ROOT / name).is_file()]
    made = {
        ".git",
        ".venv",
        "__pycache__",
        "build",
        "dist",
        ".mypy_cache",
        ".ruff_cache",
        ".pytest_cache",
        ".hypothesis",
    }
    names = []
    for folder, folders, files in os.walk(ROOT):
        folders[:] = [name for name in folders if name not in made and not name.endswith(".egg-info")]
        names += [str((Path(folder) / name).relative_to(ROOT)) for name in files]
    return [
        name for name in sorted(names) if name != ".env" and not re.search(r"\.(db|db-\w+|running|heartbeat)$", name)
    ]


def requirements(*extras: str) -> dict[str, Requirement]:
    """What pyproject.toml asks for, with these extras, by canonical name."""
    project = PROJECT["project"]
    lines = [*project["dependencies"], *(line for extra in extras for line in project["optional-dependencies"][extra])]
    return {canonicalize_name(needed.name): needed for needed in map(Requirement, lines)}


def pins(lock: str) -> dict[str, set[Version]]:
    """What a lock pins, by canonical name; several versions where they differ by Python or system."""
    found: dict[str, set[Version]] = {}
    for name, version in re.findall(r"^([\w.-]+)==([^\s;]+)", text_of(lock), re.MULTILINE):
        found.setdefault(canonicalize_name(name), set()).add(Version(version))
    return found


# --------------------------------------------------------------------------- the locks


@pytest.mark.parametrize("lock", LOCKS)
def test_a_lock_holds_names_versions_and_hashes_and_no_address(lock: str) -> None:
    """Where packages come from is the business of whoever installs them."""
    text = text_of(lock)
    assert "://" not in text
    assert not re.search(r"^\s*(-i|--index|--extra-index|--find-links|-e|-r)\b", text, re.MULTILINE)
    entries = re.split(r"\n(?=\S)", text.rstrip("\n"))
    assert [entry for entry in entries if "--hash=sha256:" not in entry] == []


@pytest.mark.parametrize(
    ("lock", "extras"),
    [("requirements.lock", ("llm", "postgres", "dev")), ("requirements-run.lock", ("llm", "postgres"))],
)
def test_a_lock_agrees_with_the_project(lock: str, extras: tuple[str, ...]) -> None:
    """Everything that pyproject.toml asks for is pinned, at a version that it allows."""
    pinned = pins(lock)
    for name, needed in requirements(*extras).items():
        assert name in pinned, f"{name} is missing: make lock"
        for version in pinned[name]:
            assert needed.specifier.contains(version), f"{name} {version} does not fit {needed}: make lock"


def test_the_runtime_lock_is_a_part_of_the_whole_one() -> None:
    """People run what was tested: the same versions, without the tools."""
    whole, run = pins("requirements.lock"), pins("requirements-run.lock")
    assert {name: versions for name, versions in run.items() if whole.get(name) != versions} == {}
    tools = set(requirements("dev")) - set(requirements("llm", "postgres"))
    assert tools & set(run) == set()
    assert len(run) < len(whole)


def test_the_build_lock_is_what_building_needs() -> None:
    """The package is built with what pyproject.toml names for it, at the version the tests use."""
    [needed] = map(Requirement, PROJECT["build-system"]["requires"])
    assert pins("requirements-build.lock") == {needed.name: pins("requirements.lock")[needed.name]}
    [version] = pins("requirements-build.lock")[needed.name]
    assert needed.specifier.contains(version)


# --------------------------------------------------------------------------- what must not stand anywhere


def test_no_file_names_a_registry_or_a_path_of_one_machine() -> None:
    """The repository works wherever it is: no download host and no folder of somebody's own machine is in it."""
    found = []
    for name in tracked():
        try:
            text = text_of(name)
        except UnicodeDecodeError:
            continue  # compressed data
        found += [f"{name}: {host}" for host in REGISTRIES if host in text]
        found += [f"{name}: {match}" for match in MACHINE_PATHS.findall(text)]
    assert found == []


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("see /" + "home/me/paperboy", True),
        ('"/' + 'Users/me"', True),
        ("https://example.org/home/me", False),
        ("bot/work/embedded.py", False),
        ("tmpfs: /tmp", False),
        ("../root/x", False),
    ],
)
def test_paths_of_a_machine_are_recognised(text: str, *, found: bool) -> None:
    """An absolute path into a home is found, an address or a path inside the project is not."""
    assert bool(MACHINE_PATHS.search(text)) is found


def test_no_secret_and_no_database_is_kept() -> None:
    """.env, databases and what was made stay out."""
    names = tracked()
    assert ".env" not in names
    assert [name for name in names if re.search(r"\.(db|pyc|mo|egg-info)$", name)] == []


# --------------------------------------------------------------------------- papers


SQLITES_OWN = {
    "tests/journeys/test_disk.py": "a file's locks, limits and pieces",
    "tests/test_commandline.py": "an address is handed on, and none is opened",
    "tests/test_doctor.py": "a file that is not there, or is something else",
    "tests/test_heartbeat.py": "the sign of life lies beside the file",
    "tests/test_replay.py": "a file that is not there",
    "tests/test_repository.py": "the container's file, and this list",
}
"""Tests outside of storage that name SQLite, and what is its own about them."""


def test_tests_do_not_choose_their_engine() -> None:
    """A test that has a database gets it from the fixtures, so that it runs on PostgreSQL too; storage's own tests see
    to both engines by themselves."""
    named = re.compile("sqlite" + r"\+|\bsqlite_(at|url)\b|migrated_(sqlite|postgres)_url")
    elsewhere = ("tests/storage/", "tests/support/", "tests/bench/")
    tests = [name for name in tracked() if name.startswith("tests/") and name.endswith(".py")]
    found = {name for name in tests if not name.startswith(elsewhere) and named.search(text_of(name))}
    assert found - {"tests/conftest.py"} == set(SQLITES_OWN)


def test_the_licence_is_there_in_full() -> None:
    """LICENSE is the Apache License 2.0 that pyproject.toml names."""
    assert PROJECT["project"]["license"] == "Apache-2.0"
    text = text_of("LICENSE")
    assert "Apache License" in text
    assert "END OF TERMS AND CONDITIONS" in text


@pytest.mark.parametrize("readme", ["README.md", "README.zh-CN.md"])
def test_the_readme_names_both_commands(readme: str) -> None:
    """Whoever opens the README finds how to try and how to test."""
    assert "make demo" in text_of(readme)
    assert "make test" in text_of(readme)


@pytest.mark.parametrize("page", ["README.md", "README.zh-CN.md", "CONTRIBUTING.md", "CHANGELOG.md"])
def test_links_between_our_pages_lead_somewhere(page: str) -> None:
    """Every relative link names a file that is there."""
    targets = re.findall(r"\]\((?!https?:|#|mailto:)([^)#]+)", text_of(page))
    assert [target for target in targets if not (ROOT / target).exists()] == []


def test_the_readme_names_the_command_lines_commands() -> None:
    """Every command of the program stands in the README, and the README names no other."""
    help_text = run([sys.executable, "-m", "bot", "--help"]).stdout
    commands = set(re.findall(r"^    (\w+) {2,}", help_text, re.MULTILINE))
    assert {"run", "demo", "digest"} <= commands
    assert set(re.findall(r"`(?:\.venv/bin/)?paperboy (\w+)", text_of("README.md"))) == commands


def test_the_changelog_has_the_current_version() -> None:
    """The newest entry is the version of pyproject.toml."""
    newest = re.search(r"^## (\S+)", text_of("CHANGELOG.md"), re.MULTILINE)
    assert newest is not None
    assert newest[1] == PROJECT["project"]["version"]


def test_decisions_are_numbered_without_a_gap_and_say_what_lost() -> None:
    """docs/decisions holds one page per decision: 0001, 0002, …, each with its reason and its losers."""
    pages = sorted((ROOT / "docs" / "decisions").glob("*.md"))
    assert [page.name[:4] for page in pages] == [f"{number:04}" for number in range(1, len(pages) + 1)]
    for page in pages:
        text = page.read_text(encoding="utf-8")
        assert text.startswith(f"# {int(page.name[:4])}. "), page.name
        assert "\n## Why" in text, page.name
        assert "\n## What lost" in text, page.name
        assert len(text.splitlines()) <= 60, f"{page.name} is no short page"


def test_every_ignored_rule_has_its_reason() -> None:
    """In pyproject.toml no rule of ruff or mypy is turned off without half a line that says why."""
    lines = text_of("pyproject.toml").splitlines()
    ignored = [line for line in lines if re.match(r'    "[A-Z]+\d*",|"\S+" = \["[A-Z]|ignore_missing_imports', line)]
    assert len(ignored) > 20
    assert [line for line in ignored if not re.search(r"[],\w] +# \S+", line)] == []


def test_every_silenced_line_has_its_reason() -> None:
    """No noqa and no type: ignore stands without its code and half a line that says why."""
    bare = []
    for name in tracked():
        if name.endswith(".py"):
            for number, line in enumerate(text_of(name).splitlines(), 1):
                silenced = re.search(r"#\s*(noqa|type: ignore)\b(.*)", line)
                if silenced and not re.match(
                    r"(:\s*[A-Z]+\d+(,\s*[A-Z]+\d+)*|\[[\w, -]+\])\s+(#|-)\s*\w+", silenced[2]
                ):
                    bare.append(f"{name}:{number}: {line.strip()}")
    assert bare == []


# --------------------------------------------------------------------------- container and helpers


def test_the_container_copies_what_is_there() -> None:
    """Every file that the Dockerfile copies exists and is not kept out by .dockerignore."""
    sources = [
        source
        for line in re.findall(r"^COPY (?!--from)(.+)$", text_of("Dockerfile"), re.MULTILINE)
        for source in line.split()[:-1]
    ]
    allowed = set(re.findall(r"^!(.+)$", text_of(".dockerignore"), re.MULTILINE))
    assert sources
    assert [source for source in sources if not (ROOT / source).exists()] == []
    assert set(sources) == allowed


def test_the_container_has_no_rights() -> None:
    """It runs as a user of its own, on a read-only system, and is asked for its health by a command that exists."""
    dockerfile, compose = text_of("Dockerfile"), text_of("compose.yaml")
    assert re.search(r"^USER paperboy$", dockerfile, re.MULTILINE)
    assert re.search(r'^HEALTHCHECK .*CMD \["paperboy", "health"\]$', dockerfile, re.MULTILINE)
    assert "--require-hashes -r requirements-run.lock" in dockerfile
    assert "read_only: true" in compose
    assert "sqlite+aiosqlite:////data/paperboy.db" in compose


def stand_in(folder: Path, name: str, script: str) -> None:
    """An executable shell script on a path of its own."""
    file = folder / name
    file.write_text(f"#!/bin/sh\n{script}\n", encoding="utf-8")
    file.chmod(0o755)


@pytest.mark.parametrize(
    ("pythons", "words"),
    [
        ({}, "Paperboy needs Python 3.11 or newer, and no Python was found"),
        (
            {"python3": 'case "$2" in *print*) echo 3.9;; *) exit 1;; esac'},
            "Paperboy needs Python 3.11 or newer, and python3 is Python 3.9; install a newer one",
        ),
        (
            {"python3": 'case "$2" in *print*) echo 3.11;; *ensurepip*) exit 1;; esac'},
            "its venv module is missing; on Debian and Ubuntu install it with: apt install python3.11-venv",
        ),
        ({"python3.12": "exit 127"}, "no Python was found"),
    ],
)
def test_a_missing_python_is_told_in_one_sentence(tmp_path: Path, pythons: dict[str, str], words: str) -> None:
    """Too old, without venv, or not there at all: make says which, and what to do."""
    for name, script in pythons.items():
        stand_in(tmp_path, name, script)
    done = run(["/bin/sh", "scripts/venv.sh", str(tmp_path / "venv")], PATH=str(tmp_path))
    assert done.returncode == 1
    assert words in done.stderr
    assert done.stderr.count("\n") == 1
    assert not (tmp_path / "venv").exists()


def test_the_first_python_that_can_makes_the_environment(tmp_path: Path) -> None:
    """An old python3.13 shim and one without venv are passed over for one that works."""
    stand_in(tmp_path, "python3.13", "exit 127")
    stand_in(tmp_path, "python3.12", 'case "$2" in *print*) echo 3.12;; *ensurepip*) exit 1;; esac')
    stand_in(tmp_path, "python3.11", 'case "$2" in *print*) echo 3.11;; -c*) ;; venv) echo "made $4";; esac')
    done = run(["/bin/sh", "scripts/venv.sh", "there"], PATH=str(tmp_path))
    assert (done.returncode, done.stdout) == (0, "made there\n")


# --------------------------------------------------------------------------- the package


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The package, built from the tracked files alone and without fetching anything."""
    source, target = tmp_path_factory.mktemp("source"), tmp_path_factory.mktemp("wheel")
    for name in tracked():
        if name.startswith(("bot/", "storage/", "templates/")) or name in {"pyproject.toml", "README.md", "LICENSE"}:
            (source / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, source / name)
    done = run([sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(target), str(source)])
    assert done.returncode == 0, done.stderr
    [built] = target.glob("*.whl")
    return built


def test_the_package_holds_everything_it_needs(wheel: Path) -> None:
    """Every tracked file of the program is in the package: templates, glossary, sample day, migrations; and no test."""
    with ZipFile(wheel) as archive:
        names = set(archive.namelist())
    needed = {
        name
        for name in tracked()
        if name.startswith(("bot/", "storage/", "templates/")) and Path(name).name not in {".keep", ".gitignore"}
    }
    assert needed - names == set()
    others = {name for name in names if not name.startswith(("bot/", "storage/", "templates/", "paperboy-"))}
    assert others == set()


def test_the_package_says_what_it_is(wheel: Path) -> None:
    """Name, version, licence and command are in the package's metadata."""
    with ZipFile(wheel) as archive:
        [folder] = {name.split("/")[0] for name in archive.namelist() if ".dist-info/" in name}
        metadata = message_from_string(archive.read(f"{folder}/METADATA").decode())
        assert archive.read(f"{folder}/licenses/LICENSE").decode() == text_of("LICENSE")
        assert "paperboy = bot.__main__:main" in archive.read(f"{folder}/entry_points.txt").decode()
    assert (metadata["Name"], metadata["Version"]) == ("paperboy", PROJECT["project"]["version"])
    assert metadata["License-Expression"] == "Apache-2.0"


def test_the_packages_data_is_found_after_installation(wheel: Path, tmp_path: Path) -> None:
    """Through importlib.resources every data file can be read where the package is installed, from any folder."""
    installed = tmp_path / "installed"
    with ZipFile(wheel) as archive:
        archive.extractall(installed)
    data = [
        name
        for name in tracked()
        if name.startswith(("bot/", "storage/", "templates/")) and not name.endswith((".py", ".keep", ".gitignore"))
    ]
    assert data
    code = (
        "import sys\nfrom importlib.resources import files\nimport bot\n"
        f"assert bot.__file__.startswith({str(installed)!r}), bot.__file__\n"
        "for name in sys.argv[1:]:\n"
        "    top, *parts = name.split('/')\n"
        "    assert files(top).joinpath(*parts).read_bytes() is not None\n"
        "print(len(sys.argv) - 1)\n"
    )
    done = subprocess.run(  # noqa: S603 - our own Python with our own words
        [sys.executable, "-c", code, *data],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "PYTHONPATH": str(installed)},
    )
    assert (done.returncode, done.stdout.strip()) == (0, str(len(data))), done.stderr
