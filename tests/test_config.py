from __future__ import annotations

import re
from dataclasses import fields
from datetime import time
from pathlib import Path

import pytest

from bot import config
from bot.config import Settings
from bot.errors import BadSetting, PaperboyError

EXAMPLE = Path(__file__).parent.parent / ".env.example"


def read(**values: str) -> Settings:
    """The settings of an environment that holds nothing but `values`."""
    return config.read(values)


def example() -> dict[str, str]:
    """Every setting of .env.example with the value that stands beside it, commented out or not."""
    return dict(re.findall(r"^#?([A-Z_]+)=(.*)$", EXAMPLE.read_text(encoding="utf-8"), re.MULTILINE))


def test_the_example_names_every_setting_once() -> None:
    """.env.example and the program know the same settings."""
    names = re.findall(r"^#?([A-Z_]+)=", EXAMPLE.read_text(encoding="utf-8"), re.MULTILINE)
    assert sorted(names) == sorted(f.name.upper() for f in fields(Settings))


def test_the_example_shows_the_defaults() -> None:
    """What .env.example shows for a setting is what the program takes without it."""
    assert config.read(example()) == Settings()


def test_the_example_explains_every_setting() -> None:
    """Above each setting, or above the block it stands in, there is a comment in words."""
    blocks = EXAMPLE.read_text(encoding="utf-8").split("\n\n")
    for block in blocks:
        lines = block.splitlines()
        if any(re.match(r"#?[A-Z_]+=", line) for line in lines):
            assert re.match(r"# \w+", lines[0]), block


def test_the_example_can_be_copied_as_it_is(tmp_path: Path) -> None:
    """A copy of .env.example as .env gives the defaults."""
    file = tmp_path / ".env"
    file.write_text(EXAMPLE.read_text(encoding="utf-8"), encoding="utf-8")
    assert config.read({}, file) == Settings()


def test_the_environment_wins_over_the_file(tmp_path: Path) -> None:
    """A value in the environment replaces the file's, and the file's other values stay."""
    file = tmp_path / ".env"
    file.write_text("DIGEST_SIZE=7\nCONTACT=me@example.org  # a comment\nDEFAULT_LANGUAGE=zh\n", encoding="utf-8")
    settings = config.read({"DIGEST_SIZE": "9"}, file)
    assert (settings.digest_size, settings.contact, settings.default_language) == (9, "me@example.org", "zh")


def test_a_missing_file_is_no_error(tmp_path: Path) -> None:
    """Without a .env the environment alone decides."""
    assert config.read({"DIGEST_SIZE": "3"}, tmp_path / ".env").digest_size == 3


def test_a_file_that_is_no_text_is_told(tmp_path: Path) -> None:
    """A .env that is not text in UTF-8 ends in one sentence that names the file."""
    file = tmp_path / ".env"
    file.write_bytes(b"CONTACT=\xff\xfe\x00")
    with pytest.raises(PaperboyError, match=r"\.env cannot be read"):
        config.read({}, file)


def test_empty_values_and_foreign_names_are_left_alone() -> None:
    """An empty or blank value means the default, and other programs' variables mean nothing."""
    assert config.read({"DIGEST_SIZE": "  ", "TELEGRAM_BOT_TOKEN": "", "PATH": "/bin"}) == Settings()


def test_every_kind_of_setting_is_parsed() -> None:
    """Numbers, lists, times, zones, addresses and ids arrive as what they are."""
    settings = read(
        TELEGRAM_BOT_TOKEN=" 123:abc ",
        TELEGRAM_API_URL="http://127.0.0.1:8081/",
        DATABASE_URL="postgresql+asyncpg://me:pw@db/paperboy",
        ARXIV_DELAY="0.5",
        LLM_DAILY_TOKENS="0",
        DEFAULT_CATEGORIES="cs.RO, math.GT cs.RO",
        DEFAULT_TIME="7:30",
        DEFAULT_TIMEZONE="Asia/Shanghai",
        DEFAULT_LAYOUT="rich",
        DIGEST_SIZE="20",
        ADMIN_IDS="1,2",
        ALLOWED_CHATS="-1001234567890 5",
    )
    assert settings.telegram_bot_token == "123:abc"
    assert settings.telegram_api_url == "http://127.0.0.1:8081"
    assert settings.arxiv_delay == 0.5
    assert settings.llm_daily_tokens == 0
    assert settings.default_categories == ("cs.RO", "math.GT")
    assert settings.default_time == time(7, 30)
    assert settings.default_timezone == "Asia/Shanghai"
    assert settings.default_layout == "rich"
    assert settings.digest_size == 20
    assert settings.admin_ids == {1, 2}
    assert settings.allowed_chats == {-1001234567890, 5}


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("TELEGRAM_API_URL", "api.telegram.org"),
        ("TELEGRAM_API_URL", "ftp://api.telegram.org"),
        ("ARXIV_URL", "https://"),
        ("HF_URL", "huggingface"),
        ("HF_URL", "http://[::1"),
        ("LLM_BASE_URL", "localhost:11434"),
        ("DATABASE_URL", "paperboy.db"),
        ("DATABASE_URL", "postgres://me@db/paperboy"),
        ("DATABASE_URL", "postgresql+asyncpg://me:[pw@db/paperboy"),
        ("ARXIV_DELAY", "soon"),
        ("ARXIV_DELAY", "-1"),
        ("ARXIV_API_DELAY", "nan"),
        ("ARXIV_API_DELAY", "inf"),
        ("LLM_DAILY_TOKENS", "2e6"),
        ("LLM_DAILY_TOKENS", "-1"),
        ("DEFAULT_CATEGORIES", ", ,"),
        ("DEFAULT_LANGUAGE", "klingon"),
        ("DEFAULT_TIME", "25:00"),
        ("DEFAULT_TIME", "8"),
        ("DEFAULT_TIMEZONE", "Mars/Olympus"),
        ("DEFAULT_TIMEZONE", "../etc/passwd"),
        ("DEFAULT_TIMEZONE", "Europe"),
        ("DEFAULT_LAYOUT", "fancy"),
        ("DIGEST_SIZE", "0"),
        ("DIGEST_SIZE", "21"),
        ("DIGEST_SIZE", "five"),
        ("ADMIN_IDS", "@me"),
        ("ALLOWED_CHATS", "1;2"),
    ],
)
def test_a_bad_setting_is_named_with_what_it_may_be(name: str, value: str) -> None:
    """A value that cannot be used ends in one line that begins with the setting's name and says where to set it."""
    with pytest.raises(BadSetting) as caught:
        config.read({name: value})
    assert caught.value.name == name
    assert str(caught.value).startswith(f"{name}: ")
    assert ".env.example explains every setting" in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_bad_database_url_is_told_without_its_password() -> None:
    """The sentence about a DATABASE_URL does not repeat it: there may be a password in it."""
    with pytest.raises(BadSetting) as caught:
        read(DATABASE_URL="postgres://me:sesame@db/paperboy")
    assert "sesame" not in str(caught.value)


def test_secrets_are_not_shown() -> None:
    """The settings can be printed and logged: no token, key or password is in their repr."""
    settings = read(
        TELEGRAM_BOT_TOKEN="123:sesame-token",
        LLM_API_KEY="sesame-llm",
        EMBEDDING_API_KEY="sesame-embedding",
        DATABASE_URL="postgresql+asyncpg://me:sesame-password@db/paperboy",
        CONTACT="me@example.org",
    )
    assert "sesame" not in repr(settings)
    assert "sesame" not in f"{settings} {[settings]}"
    assert "me@example.org" in repr(settings)


def test_secrets_are_listed_for_the_logs() -> None:
    """Whoever masks the logs gets every secret, the password inside the database's address too."""
    settings = read(
        TELEGRAM_BOT_TOKEN="123:token",
        LLM_API_KEY="llm",
        DATABASE_URL="postgresql+asyncpg://me:pass%20word@db/paperboy",
    )
    assert {"123:token", "llm", "pass%20word", "pass word"} <= set(settings.secrets())
    assert "" not in settings.secrets()
