"""The command line. The MCP library is imported only when serving."""

import functools
import gc
import inspect
import os
import sys
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import replace
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

import flux_mcp
from flux_mcp.command_frame import fail, failing, make_cluster, make_toolbox, run
from flux_mcp.errors import FluxMcpError
from flux_mcp.graph_command import graph
from flux_mcp.settings import DEFAULT_TIMEOUT, Access, Recording, Settings, parse_recording, parse_timeout

if TYPE_CHECKING:
    from flux_mcp.tools.registry import Toolbox

app = typer.Typer(
    help="An MCP server that answers questions about Flux CD on Kubernetes, with kubectl.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)

_ACCESS = "Access (one context for all calls; no tool can change it)"


def _option(name: str, text: str, **more: Any) -> Any:  # noqa: ANN401 (typer.Option's own signature)
    flag = f"--{name}"
    return typer.Option(flag, envvar=_variable(name), help=text, **more)


def _variable(name: str) -> str:
    """The environment variable of a flag."""
    return f"FLUX_MCP_{name.upper().replace('-', '_')}"


def _access(name: str, text: str, metavar: str = "TEXT", **more: Any) -> Any:  # noqa: ANN401
    return _option(name, text, metavar=metavar, rich_help_panel=_ACCESS, **more)


def _complete_context(ctx: typer.Context, incomplete: str) -> list[str]:
    import anyio  # noqa: PLC0415

    from flux_mcp.tools.values import values  # noqa: PLC0415

    settings = _completing(ctx)
    return anyio.run(
        values, make_cluster(replace(settings, access=replace(settings.access, context=None))), "context", incomplete
    )


def _completing(ctx: typer.Context) -> Settings:
    """The settings of a command line that is being completed, as far as they are known and fit together."""
    known = inspect.signature(_settings).parameters
    try:
        return _settings(**{name: given for name, given in ctx.params.items() if name in known})
    except FluxMcpError:
        return Settings()


def _settings(  # noqa: PLR0913 (one parameter a flag)
    *,
    kubeconfig: Annotated[
        str | None, _access("kubeconfig", "kubeconfig file; default: as kubectl finds it", "PATH")
    ] = None,
    kube_context: Annotated[
        str | None,
        _access(
            "kube-context", "context; default: the one current at the first call", autocompletion=_complete_context
        ),
    ] = None,
    kube_as: Annotated[str | None, _access("kube-as", "user to impersonate, e.g. a view-only service account")] = None,
    kube_as_group: Annotated[list[str] | None, _access("kube-as-group", "group to impersonate; repeatable")] = None,
    kube_as_uid: Annotated[str | None, _access("kube-as-uid", "uid to impersonate")] = None,
    kube_server: Annotated[str | None, _access("kube-server", "address of the API server", "URL")] = None,
    kube_tls_server_name: Annotated[
        str | None, _access("kube-tls-server-name", "name in the server's certificate")
    ] = None,
    kube_certificate_authority: Annotated[
        str | None, _access("kube-certificate-authority", "file of the certificate authority", "PATH")
    ] = None,
    kube_client_certificate: Annotated[
        str | None, _access("kube-client-certificate", "file of the client certificate", "PATH")
    ] = None,
    kube_client_key: Annotated[str | None, _access("kube-client-key", "file of the client key", "PATH")] = None,
    kube_insecure_skip_tls_verify: Annotated[
        bool, _option("kube-insecure-skip-tls-verify", "do not check the server's certificate", rich_help_panel=_ACCESS)
    ] = False,
    recording: Annotated[
        list[Path] | None,
        _option(
            "recording",
            "answer from this recording, a context of its own; repeatable; starts no kubectl without --kube-context",
            metavar="[NAME=]DIR",
        ),
    ] = None,
    timeout: Annotated[
        str,
        _option("timeout", "bound of one tool call, 45s or 2m; the reconcile tools add wait_seconds", metavar="TIME"),
    ] = f"{DEFAULT_TIMEOUT:g}s",
    read_only: Annotated[bool, _option("read-only", "leave out the tools that ask Flux to reconcile")] = False,
    flux_only: Annotated[
        bool, _option("flux-only", "leave out get_kubernetes_resources and get_kubernetes_logs")
    ] = False,
    kubectl: Annotated[str, _option("kubectl", "the kubectl to run, a name on PATH or a path")] = "kubectl",
) -> Settings:
    return Settings(
        access=Access(
            kubeconfig=kubeconfig,
            context=kube_context,
            impersonate=kube_as,
            impersonate_groups=tuple(kube_as_group or ()),
            impersonate_uid=kube_as_uid,
            server=kube_server,
            tls_server_name=kube_tls_server_name,
            certificate_authority=kube_certificate_authority,
            client_certificate=kube_client_certificate,
            client_key=kube_client_key,
            insecure_skip_tls_verify=kube_insecure_skip_tls_verify,
        ),
        timeout=parse_timeout(timeout),
        read_only=read_only,
        flux_only=flux_only,
        recordings=tuple(parse_recording(str(each)) for each in recording or ()),
        kubectl=kubectl,
    )


def _with_settings(command: Callable[..., None]) -> Callable[..., None]:
    """Give a command the flags of `_settings`, and itself the Settings that they make; a bad one ends with code 2."""
    common = inspect.signature(_settings).parameters
    own = [parameter for parameter in inspect.signature(command).parameters.values() if parameter.name != "settings"]

    @functools.wraps(command)
    def run(**given: Any) -> None:  # noqa: ANN401
        _refuse_empty(common)
        with failing(2):
            settings = _settings(**{name: given.pop(name) for name in common})
        command(settings=settings, **given)

    parameters = [parameter.replace(kind=inspect.Parameter.KEYWORD_ONLY) for parameter in (*own, *common.values())]
    run.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
    run.__annotations__ = {parameter.name: parameter.annotation for parameter in parameters}
    return run


def _refuse_empty(names: Iterable[str]) -> None:
    """End with code 2 where the variable of a flag is empty: it counts as none, which would drop a limit in silence."""
    for variable in map(_variable, names):
        if not os.environ.get(variable, "set").strip():
            fail(f"{variable} is empty: unset it, or give it a value.", 2)


def _version(shown: bool) -> None:  # noqa: FBT001 (typer's callback)
    if shown:
        typer.echo(f"fluxcd-mcp {flux_mcp.__version__}")
        raise typer.Exit


@app.callback()
def _root(
    *,
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Show the version.")
    ] = False,
) -> None:
    del version


@app.command()
@_with_settings
def serve(*, settings: Settings) -> None:
    """Serve MCP over stdin and stdout."""
    from flux_mcp import server  # noqa: PLC0415 (the MCP library takes most of a second)

    with failing(2):
        server.serve(settings)


@app.command()
@_with_settings
def record(
    *,
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="the folder to make; must not exist")],
    namespace: Annotated[
        list[str] | None, typer.Option("--namespace", help="record only this namespace; repeatable")
    ] = None,
    logs: Annotated[
        bool,
        typer.Option("--logs", help="record the last log lines of Flux's controllers and of containers not ready"),
    ] = False,
    compare_to: Annotated[
        Path | None,
        typer.Option("--compare-to", metavar="DIR", help="a recording; say what differs between it and the new one"),
    ] = None,
    settings: Settings,
) -> None:
    """Record the cluster into a folder that --recording answers from: no Secrets, no values, credentials masked.

    Exit code 0: recorded, and what could not be read is reported; 1: an error; 2: bad usage.
    """
    from flux_mcp.kubectl.connect import connect  # noqa: PLC0415
    from flux_mcp.kubectl.validate import check_namespace  # noqa: PLC0415
    from flux_mcp.recording import record as recording  # noqa: PLC0415
    from flux_mcp.recording.files import check_folder  # noqa: PLC0415

    if settings.recordings:
        fail("--recording (FLUX_MCP_RECORDING) cannot be combined with record, which reads a cluster.", 2)
    with failing(2):
        check_folder(folder)
        names = [check_namespace(name, "--namespace") for name in namespace or ()]
        if compare_to is not None:
            connect(Settings(recording=compare_to))
    cluster = make_cluster(settings)
    with failing(1, "Nothing was recorded"):
        try:
            recorded = run(
                lambda: recording.record(cluster, folder, names, logs=logs, patience=settings.timeout, report=_progress)
            )
        finally:
            _progress("")
        typer.echo(recorded.render())
        if compare_to is not None:
            typer.echo(run(_compare(compare_to, folder)))


def _progress(done: str) -> None:
    """Write how far a recording is, over what was written before, where somebody is looking."""
    if sys.stderr.isatty():
        typer.echo(f"\r\033[K{done}", err=True, nl=False)


def _compare(before: Path, now: Path) -> Callable[[], Awaitable[str]]:
    """What says what differs between two recordings."""
    equal = before.resolve().name == now.resolve().name
    recordings = tuple(map(Recording, (before, now), ("before", "now") if equal else ("", "")))
    first, second = (recording.called for recording in recordings)
    toolbox = make_toolbox(Settings(recordings=recordings))
    return functools.partial(toolbox.call, "compare_flux", {"context": first, "with_context": second})


class OutputFormat(StrEnum):
    """How an answer is printed."""

    TEXT = "text"
    JSON = "json"


def _complete_tool(incomplete: str) -> list[tuple[str, str]]:
    from flux_mcp.shell import complete_tool  # noqa: PLC0415

    return complete_tool(incomplete)


def _complete_argument(ctx: typer.Context, incomplete: str) -> list[str]:
    from flux_mcp.shell import complete_argument  # noqa: PLC0415

    tool, before = ctx.params.get("tool"), ctx.params.get("arguments") or ()
    return complete_argument(make_toolbox(_completing(ctx)), tool, before, incomplete) if tool else []


def _complete_client(incomplete: str) -> list[str]:
    from flux_mcp.install.clients import clients  # noqa: PLC0415

    return [name for name in clients() if name.startswith(incomplete)]


@app.command(add_help_option=False)
@_with_settings
def call(
    *,
    ctx: typer.Context,
    tool: Annotated[
        str,
        typer.Argument(metavar="TOOL", help="the tool; `fluxcd-mcp tools` lists them", autocompletion=_complete_tool),
    ] = "",
    arguments: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[KEY=VALUE]...",
            help="its arguments, also KIND/NAME; lists are split at commas",
            autocompletion=_complete_argument,
        ),
    ] = None,
    output: Annotated[
        OutputFormat,
        typer.Option("--output", "-o", help="json: the facts as fields (docs/json.md)"),
    ] = OutputFormat.TEXT,
    show_help: Annotated[
        bool, typer.Option("--help", "-h", help="Show this message, or the arguments of TOOL, and exit.")
    ] = False,
    settings: Settings,
) -> None:
    """Answer one tool call and print it. Exit code 0: an answer, 1: an error, 2: bad usage or a bad argument."""
    if not tool:
        typer.echo(ctx.get_help(), err=not show_help)
        raise typer.Exit(0 if show_help else 2)
    from flux_mcp.shell import tool_help, tool_name  # noqa: PLC0415

    if show_help:
        with failing(2):
            typer.echo("\n".join(tool_help(make_toolbox(settings), tool_name(tool))))
        return
    _answer(make_toolbox(settings), tool, arguments or (), output)


def _answer(toolbox: "Toolbox", tool: str, words: Sequence[str], output: OutputFormat = OutputFormat.TEXT) -> None:
    """Print the answer to one call."""
    import orjson  # noqa: PLC0415

    from flux_mcp.errors import BadArgument  # noqa: PLC0415
    from flux_mcp.render.answer import Answer  # noqa: PLC0415
    from flux_mcp.render.documents import document  # noqa: PLC0415
    from flux_mcp.render.terminal import show  # noqa: PLC0415
    from flux_mcp.shell import check_documented, parse_arguments, progress, tool_name  # noqa: PLC0415
    from flux_mcp.tools.registry import UnknownTool  # noqa: PLC0415

    def write(answer: Answer) -> str:
        if output is OutputFormat.TEXT:
            return show(answer.render())
        return orjson.dumps(document(answer), option=orjson.OPT_INDENT_2).decode()

    with failing(1, "There is no answer", usage=(UnknownTool, BadArgument)):
        if output is OutputFormat.JSON:
            check_documented(tool_name(tool))
        work = functools.partial(toolbox.answer, tool_name(tool), parse_arguments(words), write, progress())
        typer.echo(run(work))


@app.command()
@_with_settings
def tools(*, settings: Settings) -> None:
    """List the tools with their parameters."""
    from flux_mcp.shell import argument_lines  # noqa: PLC0415

    toolbox = make_toolbox(settings)
    for name, tool in toolbox.tools.items():
        typer.echo(f"{name}: {tool.description}")
        for line in argument_lines(toolbox.schema(name)):
            typer.echo(line)


@app.command()
def demo(
    *,
    tool: Annotated[
        str, typer.Argument(metavar="TOOL", help="the tool; default: three of them", autocompletion=_complete_tool)
    ] = "",
    arguments: Annotated[list[str] | None, typer.Argument(metavar="[KEY=VALUE]...", help="its arguments")] = None,
) -> None:
    """Answer from a recorded cluster with Flux that comes with this program: no kubectl and no cluster is needed."""
    recording = Path(__file__).parent / "demo"
    toolbox = make_toolbox(Settings(recording=recording))
    if tool:
        _answer(toolbox, tool, arguments or ())
        return
    for question, name, words in DEMO:
        typer.echo(f"> {question}\n> fluxcd-mcp demo {' '.join((name, *words))}\n")
        _answer(toolbox, name, words)
        typer.echo("")
    typer.echo(f"Any other tool answers too: fluxcd-mcp demo TOOL, or serve --recording={recording}")


DEMO = (
    ("Which Flux runs in this cluster, and how is it?", "get_flux_instance", ()),
    ("Why is the payments Helm release failing?", "diagnose_flux", ("HelmRelease/apps/payments",)),
    ("Which images does Flux deploy in the monitoring namespace?", "list_flux_workloads", ("namespace=monitoring",)),
)
"""What `fluxcd-mcp demo` asks: the question, the tool and its arguments."""


@app.command()
@_with_settings
def doctor(
    *,
    as_json: Annotated[bool, typer.Option("--json", help="print the report as JSON")] = False,
    settings: Settings,
) -> None:
    """Check kubectl, the kubeconfig, the cluster, Flux, and what the identity may read and reconcile.

    Exit code 0: answers are possible; 1: a failure stops them; 2: bad usage.
    """
    import orjson  # noqa: PLC0415

    from flux_mcp.doctor import Doctor  # noqa: PLC0415
    from flux_mcp.render.doctor import failed, report_json, report_lines  # noqa: PLC0415
    from flux_mcp.render.terminal import show  # noqa: PLC0415

    with failing(1, "There is no report"):
        checks = run(Doctor(make_cluster(settings), settings).run)
    if as_json:
        typer.echo(orjson.dumps(report_json(checks), option=orjson.OPT_INDENT_2).decode())
    else:
        typer.echo(show("\n".join(report_lines(checks))))
    raise typer.Exit(int(failed(checks)))


@app.command()
@_with_settings
def install(
    *,
    client: Annotated[
        str, typer.Argument(metavar="CLIENT", help="the MCP client to configure", autocompletion=_complete_client)
    ],
    write: Annotated[
        bool, typer.Option("--write", help="merge it into the client's file, and keep the file before beside it")
    ] = False,
    settings: Settings,
) -> None:
    """Print the configuration of an MCP client for this server, with full paths; --write puts it in place.

    The other flags become flags of the server. CLIENT is claude-code, claude-desktop, cursor, vscode, codex,
    gemini-cli, goose, opencode or copilot-cli.
    """
    import sys  # noqa: PLC0415
    from datetime import UTC, datetime  # noqa: PLC0415

    from flux_mcp.install.clients import clients, link  # noqa: PLC0415
    from flux_mcp.install.launch import launch  # noqa: PLC0415
    from flux_mcp.install.merge import merged  # noqa: PLC0415
    from flux_mcp.install.merge import write as merge  # noqa: PLC0415
    from flux_mcp.kubectl.validate import echo, nearest  # noqa: PLC0415

    known = clients().get(client)
    if known is None:
        fail(f"There is no client {echo(client)}{nearest(client, clients())}. There are: {', '.join(clients())}.", 2)
    start = launch(settings, os.environ, sys.argv[0])
    entry, path = known.entry_for(start), known.path(os.environ)
    for note in start.notes:
        typer.echo(note, err=True)
    if not write:
        typer.echo(f"For {known.title}, in {path} (--write puts it there):", err=True)
        typer.echo(merged(known, "", entry), nl=False)
        if address := link(client, start):
            typer.echo(f"Or open this link: {address}", err=True)
        return
    with failing(1):
        backup = merge(known, path, entry, datetime.now(UTC))
    if backup is not None and backup == path.resolve():
        typer.echo(f"{path} has this entry already.")
    else:
        typer.echo(f"Wrote the entry to {path}" + (f"; the file before is {backup}." if backup else "."))
    typer.echo(f"Next: {known.after}. fluxcd-mcp doctor checks the cluster.")


app.command()(_with_settings(graph))


@app.command()
def rbac(
    *,
    read_only: Annotated[bool, _option("read-only", "leave out what the reconcile tools need")] = False,
    flux_only: Annotated[
        bool, _option("flux-only", "leave out what get_kubernetes_resources and get_kubernetes_logs need")
    ] = False,
    policy_for: Annotated[
        str | None,
        typer.Option(
            "--policy-for", metavar="USER", help="also an admission policy: USER changes nothing but reconcile requests"
        ),
    ] = None,
) -> None:
    """Print the ClusterRole that the tools need, for kubectl apply: no Secrets, and patch on Flux kinds alone."""
    _refuse_empty(("read_only", "flux_only"))
    from flux_mcp.rbac import admission_policy, cluster_role  # noqa: PLC0415

    with failing(2):
        policy = admission_policy(policy_for) if policy_for is not None else ""
    typer.echo(cluster_role(read_only=read_only, flux_only=flux_only) + policy, nl=False)


def main() -> None:
    """Run the command line."""
    # What is imported stays, and other commands than serve, which turns the collector on again, are soon over.
    gc.disable()
    app()
