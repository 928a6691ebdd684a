"""Pods, workloads, rollouts, Events and conditions, as Kubernetes' own documentation reads them. Pure."""
