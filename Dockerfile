# fluxcd-mcp with kubectl, for clients that start servers as containers. Read-only unless FLUX_MCP_READ_ONLY=false is set.
#
#   docker build --tag fluxcd-mcp .
#   docker run --rm --interactive --volume "$HOME/.kube/config:/kube/config:ro" fluxcd-mcp
#
# Credential plugins are not in it: use a kubeconfig with a token or a client certificate, or add the plugin.
FROM ghcr.io/astral-sh/uv:0.9-python3.13-bookworm-slim AS build
ENV UV_COMPILE_BYTECODE=1 UV_LINK_MODE=copy UV_PYTHON_DOWNLOADS=never
WORKDIR /src
COPY pyproject.toml uv.lock README.md LICENSE ./
RUN uv sync --locked --no-dev --no-install-project
COPY flux_mcp ./flux_mcp
RUN uv sync --locked --no-dev --no-editable

FROM debian:bookworm-slim AS kubectl
ARG KUBECTL_VERSION=v1.34.2
ARG TARGETARCH
RUN apt-get update && apt-get install --yes --no-install-recommends ca-certificates curl \
    && arch="${TARGETARCH:-$(dpkg --print-architecture)}" \
    && base="https://dl.k8s.io/release/${KUBECTL_VERSION}/bin/linux/${arch}" \
    && curl --fail --silent --show-error --location --output /kubectl "${base}/kubectl" \
    && curl --fail --silent --show-error --location --output /kubectl.sha256 "${base}/kubectl.sha256" \
    && echo "$(cat /kubectl.sha256)  /kubectl" | sha256sum --check --strict \
    && chmod 0755 /kubectl

FROM python:3.13-slim-bookworm
COPY --from=kubectl /kubectl /usr/local/bin/kubectl
COPY --from=build /src/.venv /src/.venv
ENV PATH=/src/.venv/bin:/usr/local/bin:/usr/bin:/bin HOME=/tmp KUBECONFIG=/kube/config FLUX_MCP_READ_ONLY=true
USER 65532:65532
ENTRYPOINT ["fluxcd-mcp", "serve"]
