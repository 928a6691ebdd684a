"""Label selectors: the grammar of the Kubernetes documentation, and what a selector matches."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flux_mcp.api.selector import matches, parse_selector

NAME_63 = "a" * 63
PREFIX_253 = ".".join(["a" * 63, "b" * 63, "c" * 63, "d" * 61])


@pytest.mark.parametrize(
    "text",
    [
        "app",
        "!app",
        "! app",
        "app=web",
        "app==web",
        "app!=web",
        "app = web",
        " app=web ",
        "app=",
        "app!=",
        "app in (web)",
        "app in (web,db)",
        "app in ( web , db )",
        "app notin (web, db)",
        "app in(web)",
        "app in ()",
        "app in (web,)",
        "app=web,tier!=db,env in (dev,qa),!canary,team",
        "app=web , tier=db",
        "app.kubernetes.io/part-of=flux",
        "a/b",
        "A.b_C-d=X.y_Z-0",
        "inside=notinside",
        "in-house",
        f"{NAME_63}={NAME_63}",
        f"{PREFIX_253}/{NAME_63}=x",
        "0=0",
    ],
)
def test_selectors(text: str) -> None:
    assert parse_selector(text)


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("", id="empty"),
        pytest.param(" ", id="blank"),
        pytest.param("!", id="row-37-bang"),
        pytest.param("a in (", id="row-37-open"),
        pytest.param("a=b,--server=x", id="row-37-flag"),
        pytest.param("a=b\nc=d", id="row-37-line-break"),
        pytest.param("a=b\n", id="row-37-line-break-at-the-end"),
        pytest.param("a=b,", id="comma-at-the-end"),
        pytest.param(",a=b", id="comma-at-the-start"),
        pytest.param("a=b,,c=d", id="two-commas"),
        pytest.param("a=b c=d", id="no-comma"),
        pytest.param("=b", id="no-key"),
        pytest.param("a=b=c", id="two-signs"),
        pytest.param("a===b", id="three-signs"),
        pytest.param("!a=b", id="absent-with-a-value"),
        pytest.param("!a in (b)", id="absent-in-a-set"),
        pytest.param("!!a", id="two-bangs"),
        pytest.param("a!", id="bang-behind"),
        pytest.param("a in", id="no-set"),
        pytest.param("a in b", id="no-parentheses"),
        pytest.param("a in (b", id="not-closed"),
        pytest.param("a in (b c)", id="no-comma-in-a-set"),
        pytest.param("a in ((b))", id="two-parentheses"),
        pytest.param("a in (b) c", id="something-behind"),
        pytest.param("a not in (b)", id="not-in"),
        pytest.param("a IN (b)", id="capitals"),
        pytest.param("a=-b", id="value-starts-with-a-dash"),
        pytest.param("a=b-", id="value-ends-with-a-dash"),
        pytest.param("-a=b", id="key-starts-with-a-dash"),
        pytest.param("a_=b", id="key-ends-with-an-underscore"),
        pytest.param("a/b/c=d", id="two-slashes"),
        pytest.param("/a=b", id="no-prefix"),
        pytest.param("a/=b", id="no-name"),
        pytest.param("A.io/a=b", id="prefix-in-capitals"),
        pytest.param(f"{NAME_63}a=b", id="key-too-long"),
        pytest.param(f"a={NAME_63}a", id="value-too-long"),
        pytest.param("a=\u017c", id="not-ascii"),
        pytest.param("a=b;c", id="semicolon"),
        pytest.param("a=*", id="star"),
        pytest.param("a=b\x00", id="nul"),
        pytest.param("a>1", id="greater"),
    ],
)
def test_no_selectors(text: str) -> None:
    with pytest.raises(ValueError, match=r"^not understood at character \d+$"):
        parse_selector(text)


@pytest.mark.parametrize(
    ("selector", "labels", "expected"),
    [
        pytest.param("app", {"app": "web"}, True, id="there"),
        pytest.param("app", {"app": ""}, True, id="there-and-empty"),
        pytest.param("app", {}, False, id="not-there"),
        pytest.param("!app", {}, True, id="absent"),
        pytest.param("!app", {"app": ""}, False, id="absent-but-there"),
        pytest.param("app=web", {"app": "web"}, True, id="equal"),
        pytest.param("app==web", {"app": "web"}, True, id="equal-twice"),
        pytest.param("app=web", {"app": "Web"}, False, id="case"),
        pytest.param("app=web", {"app": "webs"}, False, id="part-of-a-value"),
        pytest.param("app=web", {}, False, id="equal-but-absent"),
        pytest.param("app=", {"app": ""}, True, id="empty-value"),
        pytest.param("app=", {}, False, id="empty-value-but-absent"),
        pytest.param("app!=web", {"app": "db"}, True, id="unequal"),
        pytest.param("app!=web", {"app": "web"}, False, id="unequal-but-equal"),
        pytest.param("app!=web", {}, True, id="unequal-matches-absent"),
        pytest.param("app in (web,db)", {"app": "db"}, True, id="in"),
        pytest.param("app in ( web , db )", {"app": "web"}, True, id="in-with-spaces"),
        pytest.param("app in (web,db)", {"app": "cache"}, False, id="not-among"),
        pytest.param("app in (web,db)", {}, False, id="in-but-absent"),
        pytest.param("app in ()", {"app": ""}, True, id="in-nothing-is-the-empty-value"),
        pytest.param("app notin (web,db)", {"app": "cache"}, True, id="notin"),
        pytest.param("app notin (web,db)", {"app": "web"}, False, id="notin-but-among"),
        pytest.param("app notin (web,db)", {}, True, id="notin-matches-absent"),
        pytest.param("app=web,tier=db", {"app": "web", "tier": "db"}, True, id="both"),
        pytest.param("app=web,tier=db", {"app": "web"}, False, id="one-of-two"),
        pytest.param("a.io/app=web", {"app": "web"}, False, id="prefix-counts"),
        pytest.param("a.io/app=web", {"a.io/app": "web"}, True, id="prefix"),
    ],
)
def test_matching(selector: str, labels: dict[str, str], expected: bool) -> None:
    assert matches(parse_selector(selector), labels) is expected


@given(st.text(max_size=60) | st.text(st.sampled_from("ab=!,() notin/-."), max_size=40))
def test_any_text_is_a_selector_or_is_not(text: str) -> None:
    try:
        requirements = parse_selector(text)
    except ValueError:
        return
    assert requirements
    assert isinstance(matches(requirements, {"a": "b"}), bool)


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("a in (b" + 165 * " , " + "(", id="commas-and-spaces"),
        pytest.param("a in (" + 500 * " " + "(", id="spaces"),
        pytest.param("a in (" + 250 * "b," + "(", id="values"),
        pytest.param("a" + 505 * "-" + "!", id="dashes"),
        pytest.param(250 * "a/", id="slashes"),
        pytest.param(250 * "a." + "/", id="dots"),
    ],
)
def test_a_broken_selector_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="not understood"):
        parse_selector(text)
