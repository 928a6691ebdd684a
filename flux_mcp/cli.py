"""The command line: serve, record, call, tools, graph, rbac. The MCP library is imported only when serving."""

import functools
import inspect
import os
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NoReturn

import typer

import flux_mcp
from flux_mcp.errors import FluxMcpError
from flux_mcp.graph_command import graph
from flux_mcp.settings import DEFAULT_TIMEOUT, Access, Settings

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


def _access(name: str, text: str, metavar: str = "TEXT") -> Any:  # noqa: ANN401
    return _option(name, text, metavar=metavar, rich_help_panel=_ACCESS)


def _settings(  # noqa: PLR0913 (one parameter a flag)
    *,
    kubeconfig: Annotated[
        str | None, _access("kubeconfig", "kubeconfig file; default: as kubectl finds it", "PATH")
    ] = None,
    kube_context: Annotated[
        str | None, _access("kube-context", "context; default: the one current at the first call")
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
        Path | None, _option("recording", "answer from this recording; starts no kubectl", metavar="DIR")
    ] = None,
    timeout: Annotated[
        float, _option("timeout", "seconds for one tool call, its kubectl processes included, wait_seconds not")
    ] = (DEFAULT_TIMEOUT),
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
        timeout=timeout,
        read_only=read_only,
        flux_only=flux_only,
        recording=recording,
        kubectl=kubectl,
    )


def _with_settings(command: Callable[..., None]) -> Callable[..., None]:
    """Give a command the flags of `_settings`, and itself the Settings that they make; a bad one ends with code 2."""
    common = inspect.signature(_settings).parameters
    own = [parameter for parameter in inspect.signature(command).parameters.values() if parameter.name != "settings"]

    @functools.wraps(command)
    def run(**given: Any) -> None:  # noqa: ANN401
        _refuse_empty(common)
        try:
            settings = _settings(**{name: given.pop(name) for name in common})
        except FluxMcpError as error:
            _fail(str(error), 2)
        command(settings=settings, **given)

    parameters = [parameter.replace(kind=inspect.Parameter.KEYWORD_ONLY) for parameter in (*own, *common.values())]
    run.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
    run.__annotations__ = {parameter.name: parameter.annotation for parameter in parameters}
    return run


def _refuse_empty(names: Iterable[str]) -> None:
    """End with code 2 where the variable of a flag is empty: it counts as none, which would drop a limit in silence."""
    for variable in map(_variable, names):
        if not os.environ.get(variable, "set").strip():
            _fail(f"{variable} is empty: unset it, or give it a value.", 2)


def _fail(text: str, code: int) -> NoReturn:
    typer.echo(text, err=True)
    raise typer.Exit(code)


def _toolbox(settings: Settings) -> "Toolbox":
    from flux_mcp.cluster.client import Cluster  # noqa: PLC0415 (with pydantic and sh, a quarter of a second)
    from flux_mcp.kubectl.connect import connect  # noqa: PLC0415
    from flux_mcp.tools.registry import Toolbox  # noqa: PLC0415

    try:
        return Toolbox(Cluster(connect(settings), settings.access), settings)
    except FluxMcpError as error:
        _fail(str(error), 2)


def _version(asked: bool) -> None:  # noqa: FBT001 (typer's callback)
    if asked:
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
    from flux_mcp.server import serve as run  # noqa: PLC0415 (the MCP library takes most of a second)

    try:
        run(settings)
    except FluxMcpError as error:
        _fail(str(error), 2)


@app.command()
@_with_settings
def record(
    *,
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="the folder to make; must not exist")],
    namespace: Annotated[
        list[str] | None, typer.Option("--namespace", help="record only this namespace; repeatable")
    ] = None,
    settings: Settings,
) -> None:
    """Record the cluster into a folder that --recording answers from: no Secrets, no values, credentials masked.

    Exit code 0: recorded, and what could not be read is said; 1: an error; 2: bad usage.
    """
    import anyio  # noqa: PLC0415

    from flux_mcp.cluster.client import Cluster  # noqa: PLC0415
    from flux_mcp.kubectl.connect import connect  # noqa: PLC0415
    from flux_mcp.kubectl.validate import check_namespace  # noqa: PLC0415
    from flux_mcp.recording.files import check_folder  # noqa: PLC0415
    from flux_mcp.recording.record import record as run  # noqa: PLC0415
    from flux_mcp.signals import Signalled, unless_signalled  # noqa: PLC0415

    if settings.recording is not None:
        _fail("--recording (FLUX_MCP_RECORDING) cannot be combined with record, which reads a cluster.", 2)
    try:
        check_folder(folder)
        names = [check_namespace(name, "--namespace") for name in namespace or ()]
    except FluxMcpError as error:
        _fail(str(error), 2)
    cluster = Cluster(connect(settings), settings.access)
    work = functools.partial(run, cluster, folder, names, patience=settings.timeout)
    try:
        typer.echo(anyio.run(unless_signalled, work).render())
    except Signalled as signalled:
        _fail(f"Nothing was recorded: {signalled}.", 128 + signalled.number)
    except FluxMcpError as error:
        _fail(str(error), 1)


@app.command()
@_with_settings
def call(
    *,
    tool: Annotated[str, typer.Argument(metavar="TOOL", help="the tool; `fluxcd-mcp tools` lists them")],
    arguments: Annotated[
        list[str] | None, typer.Argument(metavar="[KEY=VALUE]...", help="its arguments; lists are split at commas")
    ] = None,
    settings: Settings,
) -> None:
    """Answer one tool call and print it. Exit code 0: an answer, 1: an error, 2: bad usage."""
    import anyio  # noqa: PLC0415

    from flux_mcp.signals import Signalled, unless_signalled  # noqa: PLC0415
    from flux_mcp.tools.registry import UnknownTool  # noqa: PLC0415

    pairs = [argument.partition("=") for argument in arguments or ()]
    if any(not key or not sign for key, sign, _ in pairs):
        _fail("Arguments are KEY=VALUE, for example namespace=apps.", 2)
    if len({key for key, _, _ in pairs}) != len(pairs):
        _fail("An argument was given twice.", 2)
    work = functools.partial(_toolbox(settings).call, tool, {key: value for key, _, value in pairs})
    try:
        answer = anyio.run(unless_signalled, work)
    except Signalled as signalled:
        _fail(f"There is no answer: {signalled}.", 128 + signalled.number)
    except UnknownTool as error:
        _fail(str(error), 2)
    except FluxMcpError as error:
        _fail(str(error), 1)
    typer.echo(answer)


@app.command()
@_with_settings
def tools(*, settings: Settings) -> None:
    """List the tools with their parameters."""
    toolbox = _toolbox(settings)
    for name, tool in toolbox.tools.items():
        schema = toolbox.schema(name)
        typer.echo(f"{name}: {tool.description}")
        for parameter, told in schema["properties"].items():
            required = "*" if parameter in schema.get("required", ()) else ""
            typer.echo(f"  {parameter}{required} ({told.get('type', 'any')}): {told.get('description', '')}")


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

    try:
        policy = admission_policy(policy_for) if policy_for is not None else ""
    except FluxMcpError as error:
        _fail(str(error), 2)
    typer.echo(cluster_role(read_only=read_only, flux_only=flux_only) + policy, nl=False)


def main() -> None:
    """Run the command line."""
    app()
