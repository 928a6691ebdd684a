"""The boundary to kubectl: what may be asked (command), who answers (live, recording), what it meant (reply)."""
