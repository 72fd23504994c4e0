"""What `make bench` and `make soak` measure. Part of the repository, not of an installation: no service imports it."""
