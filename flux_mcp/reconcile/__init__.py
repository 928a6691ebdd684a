"""A request to reconcile: preflight, the request, the wait and its outcome."""
