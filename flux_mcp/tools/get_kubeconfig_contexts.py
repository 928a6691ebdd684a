"""get_kubeconfig_contexts: which clusters may be asked about, and which one is."""

from flux_mcp.cluster.client import Cluster
from flux_mcp.render.get_kubeconfig_contexts import KubeconfigContexts


async def get_kubeconfig_contexts(cluster: Cluster) -> KubeconfigContexts:
    """The kubeconfig's contexts, the one in use, and whether the kubeconfig's current context differs by now."""
    request = await cluster.open()
    return KubeconfigContexts(request=request, unread=(), kubeconfig=await cluster.kubeconfig())
