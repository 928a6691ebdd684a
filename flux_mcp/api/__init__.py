"""The kinds of the Kubernetes and Flux APIs, and what every object of theirs has. Pure: no process, no event loop."""
