"""What the answers cost: `make bench`."""
