"""The audit: rules about the configuration of Flux objects. Pure."""
