"""The tools, one file each, named as the tool: arguments, reads, facts."""
