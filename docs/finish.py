"""The last touch on every page, as HTML: Chinese says that it is Chinese, and buttons have names."""

import re

HAN = re.compile(r"[\u3400-\u9fff][\u3000-\u303f\u3400-\u9fff\uff00-\uffef]*")
_NOT_TEXT = re.compile(r"(?s)(<(?:script|style|title|textarea)\b.*?</(?:script|style|title|textarea)>|<[^>]*>)")
# the theme's button beside an entry of the side bar is an arrow and no word
_ARROW = '<summary><span class="toctree-toggle"'
_NAMED = _ARROW.replace("<summary>", '<summary aria-label="Show or hide the pages below this one">')


def finished(page: str) -> str:
    """Return a page with the last touch."""
    return with_language(page.replace(_ARROW, _NAMED))


def script_of(chinese: str) -> str:
    """Return the language tag of a Chinese text: what GB 2312 cannot write is traditional script.

    Examples
    --------
    >>> script_of("顾客终生价值"), script_of("顧客終生價值")
    ('zh-Hans', 'zh-Hant')
    """
    try:
        chinese.encode("gb2312")
    except UnicodeEncodeError:
        return "zh-Hant"
    return "zh-Hans"


def with_language(page: str) -> str:
    """Return HTML in which every piece of Chinese says that it is Chinese: voices and fonts go by that.

    Examples
    --------
    >>> with_language('<p title="流失">churn (客户流失)</p>')
    '<p title="流失">churn (<span lang="zh-Hans">客户流失</span>)</p>'
    """
    parts = _NOT_TEXT.split(page)
    for n in range(0, len(parts), 2):
        parts[n] = HAN.sub(lambda found: f'<span lang="{script_of(found[0])}">{found[0]}</span>', parts[n])
    return "".join(parts)
