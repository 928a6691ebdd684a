"""get_kubeconfig_contexts: the contexts of the kubeconfig, and the one in use."""

from flux_mcp.cluster.client import Cluster
from flux_mcp.render.get_kubeconfig_contexts import KubeconfigContexts


async def get_kubeconfig_contexts(cluster: Cluster) -> KubeconfigContexts:
    """List the kubeconfig's contexts, the one in use, and whether the kubeconfig's current context differs by now."""
    request = await cluster.open(choose=False)
    kubeconfig = await cluster.kubeconfig()
    return KubeconfigContexts(request=request, unread=(), contexts=kubeconfig.contexts, current=kubeconfig.current)
