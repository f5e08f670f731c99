import pytest

from transformermodel_predictor.pages.markup import Markup, element


def test_texts_and_attributes_are_escaped_and_markup_is_not_again() -> None:
    inner = element("b", "<i>", title="\"'&")
    assert inner == '<b title="&quot;&#x27;&amp;">&lt;i&gt;</b>'
    assert element("p", inner, " & ") == f"<p>{inner} &amp; </p>"


def test_attributes_have_the_names_of_html() -> None:
    made = element("input", class_="a", aria_label="b", tabindex=0, required=True, hidden=False)
    assert made == '<input class="a" aria-label="b" tabindex="0" required>'


@pytest.mark.parametrize("parts", [(), ("<",), (Markup("<"), "<")])
def test_joined_markup_is_markup(parts: tuple[str, ...]) -> None:
    assert element("p", Markup.join_all(*parts)) == f"<p>{Markup.join_all(*parts)}</p>"
