"""What differs between two clusters, or one cluster at two times. Pure."""
