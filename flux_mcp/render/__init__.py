"""The only place that makes sentences out of facts."""
