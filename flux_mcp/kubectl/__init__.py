"""The process boundary: the commands, their validation, kubectl itself or a recording, and what the output means."""
