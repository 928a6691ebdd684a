"""One question to a cluster: the objects that it needs, what could not be read, and which kinds are served."""
