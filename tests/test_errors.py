"""The error tree: what an error tells beside its sentence."""

import pytest

from flux_mcp import errors
from flux_mcp.errors import BadArgument, FluxMcpError, Forbidden, KubectlError, NotFound, ServerError, first_of

TREE = {
    name: found
    for name in vars(errors)
    if isinstance(found := getattr(errors, name), type)
    and issubclass(found, FluxMcpError)
    and found is not FluxMcpError
}


def test_the_tree_is_the_one_that_is_drawn() -> None:
    """In the module's docstring, where each error stands below its base."""
    drawn: dict[str, str] = {}
    above: list[str] = []
    for line in (errors.__doc__ or "").splitlines():
        name = next((word for word in line.split() if word.isidentifier() and hasattr(errors, word)), None)
        if name and ("──" in line or not above):
            depth = line.index(name) // 4
            drawn[name] = above[depth - 1] if depth else "Exception"
            above[depth:] = [name]
    assert drawn == {
        name: error.__bases__[0].__name__ for name, error in {**TREE, "FluxMcpError": FluxMcpError}.items()
    }


def test_a_bad_argument_tells_which() -> None:
    """A tool catches one about `name` and lets the others pass."""
    error = BadArgument("namespace", "must be a namespace")
    assert (error.argument, error.why) == ("namespace", "must be a namespace")
    assert str(error) == "Invalid namespace: must be a namespace"


def test_the_short_form_is_the_sentence_where_none_is_given() -> None:
    """The line "Could not read" holds it, and is never without a cause."""
    assert KubectlError("All of it.").brief == "All of it."
    error = Forbidden("All of it.", brief="forbidden", resources=["pods"])
    assert (str(error), error.brief, error.resources, error.said) == ("All of it.", "forbidden", ("pods",), "")
    assert KubectlError("x").resources == ()


@pytest.mark.parametrize("sort", [NotFound, Forbidden, ServerError])
def test_where_it_happened_is_added_and_nothing_is_lost(sort: type[KubectlError]) -> None:
    error = sort("No answer.", brief="none", resources=("pods", "nodes")).at("context staging")
    assert type(error) is sort
    assert str(error) == "No answer. (context staging)"
    assert (error.brief, error.resources) == ("none", ("pods", "nodes"))


def test_the_first_error_of_tasks_however_deep() -> None:
    first, second = NotFound("first"), NotFound("second")
    assert first_of(first) is first
    assert first_of(ExceptionGroup("outer", [ExceptionGroup("inner", [first, second]), second])) is first
    assert first_of(ExceptionGroup("outer", [second, ExceptionGroup("inner", [first])])) is second


def test_the_namespaces_of_a_recording_in_part() -> None:
    error = errors.RecordedInPart("recorded only for the namespaces apps, flux-system")
    assert error.namespaces == ("apps", "flux-system")
