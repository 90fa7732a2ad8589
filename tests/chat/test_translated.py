from __future__ import annotations

import pytest
from jinja2 import StrictUndefined, UndefinedError
from markupsafe import Markup

from bot.chat.translated import Translated
from bot.chat.words import Words

SAID = {
    ("", "Hello %(who)s"): ("你好，%(who)s",),
    ("", "friends"): ("朋友们",),
    ("between names", ", "): ("、",),
    ("", "%(num)s paper by %(who)s"): ("%(who)s: one", "%(who)s: %(num)s"),
}


def shown(template: str, **values: object) -> str:
    """What a template says in the language of `SAID`."""
    words = Words("zh", SAID, lambda number: int(number != 1))
    environment = Translated(words, {"doubled": lambda text: f"<{text}{text}>"}, undefined=StrictUndefined)
    environment.globals["never"] = "never again"
    return environment.from_string(template).render(**values)


@pytest.mark.parametrize(
    ("template", "said"),
    [
        ('{{ _("friends") }}', "朋友们"),
        ('{{ _("Hello %(who)s", who="you") }}', "你好，you"),
        ('{{ _("Hello %(who)s", who=_("friends")) }}', "你好，朋友们"),
        ('{{ pgettext("between names", ", ") }}', "、"),
        ('{{ pgettext("between others", ", ") }}', ", "),
        ('{{ ["a", "b"]|join(pgettext("between names", ", ")) }}', "a、b"),
        ('{{ ngettext("%(num)s paper by %(who)s", "unused", 1, who="a") }}', "a: one"),
        ('{{ ngettext("%(num)s paper by %(who)s", "unused", 2, who="a") }}', "a: 2"),
        ('{{ _("not translated: <b> & %(share)s %%", share=50) }}', "not translated: <b> & 50 %"),
        ('{{ _("100 %%") }}', "100 %"),
        ('{% set said = _("friends") %}{{ said }}, {{ never }}', "朋友们, never again"),
    ],
)
def test_messages_are_said_in_the_language(template: str, said: str) -> None:
    """Whether a message has values, contexts, numbers or other messages in it, and also where it is not translated."""
    assert shown(template) == said


def test_values_are_escaped_unless_they_are_markup() -> None:
    """Text from outside enters a message as data, what a template made itself as it is."""
    assert shown('{{ _("Hello %(who)s", who=name) }}', name="<b>") == "你好，&lt;b&gt;"
    assert shown('{{ _("Hello %(who)s", who=name) }}', name=Markup("<b>a</b>")) == "你好，<b>a</b>"
    assert (
        shown('{% for name in names %}{{ _("Hello %(who)s", who=name) }}{% endfor %}', names="<a")
        == "你好，&lt;你好，a"
    )
    assert shown('{{ ngettext("%(num)s paper by %(who)s", "unused", 2, who=name) }}', name="&") == "&amp;: 2"


def test_what_a_function_says_is_escaped() -> None:
    """A function that a template calls gives data, as any other value is, also where it is called inside a message."""
    assert shown('{{ doubled(name) }}, {{ _("Hello %(who)s", who=doubled("a")) }}', name="b") == (
        "&lt;bb&gt;, 你好，&lt;aa&gt;"
    )


def test_a_value_that_was_not_given_is_an_error() -> None:
    """A misspelt value is never an empty word."""
    with pytest.raises(UndefinedError):
        shown('{{ _("Hello %(who)s", who=nobody) }}')
    with pytest.raises(KeyError):
        shown('{{ _("Hello %(who)s") }}')
