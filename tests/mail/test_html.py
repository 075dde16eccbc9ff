"""HTML to text, as a reader sees it."""

import pytest

from triage.mail.html import to_text


@pytest.mark.parametrize(
    ("html", "text"),
    [
        ("one<br>two", "one\ntwo"),
        ("<p>one</p><p>two</p>", "one\n\ntwo"),
        ("<div>one</div><div>two <b>three</b></div>", "one\ntwo three"),
        ("<table><tr><td>Fee<td>12,00&nbsp;€<tr><td>Sum<td>3</table>", "Fee\t12,00\xa0€\nSum\t3"),
        ("<ul><li>one<li>two</ul>", "- one\n- two"),
        ("<pre>a\n  b</pre>", "a\n  b"),
        ("a<script>alert(1)</script><style>b{}</style><!-- c -->", "a"),
        ("a<span style='display: none'>hidden</span><span hidden>too</span>", "a"),
        ("5 &lt; 6 &amp; &#8364; caf&eacute;", "5 < 6 & € café"),
        ("  much \n  space <i> here </i> ", "much space here"),
        ("no markup at all", "no markup at all"),
        ("<p>unclosed <b>tags", "unclosed tags"),
        ("", ""),
    ],
)
def test_words_and_lines_are_those_of_a_reader(html: str, text: str) -> None:
    """Lines break where a browser breaks them; nothing unseen is read."""
    assert to_text(html)[0].strip() == text


def test_marks_say_where_quotes_lie() -> None:
    """The outermost marked element leaves one mark with its place in the text."""
    text, marks = to_text(
        "<p>own</p><blockquote type=cite>old <blockquote>older</blockquote></blockquote>"
        "<div class='x_gmail_signature'>Ann</div><blockquote>perhaps</blockquote>"
    )
    assert [(mark.kind, text[mark.start : mark.end].split()) for mark in marks] == [
        ("quoted", ["old", "older"]),
        ("signature", ["Ann"]),
        ("indented", ["perhaps"]),
    ]


def test_formatting_without_end_is_read_to_a_limit() -> None:
    """A mail of nothing but unclosed elements must not hold up the next."""
    text = to_text("<b>x</b>" * 30_000)[0]
    assert 0 < text.count("x") < 30_000
