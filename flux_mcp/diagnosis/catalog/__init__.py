"""The known failures: what controllers, Helm and the kubelet say, what it means and how to fix it."""
