"""GitHub Actions on loopback: executes an app's workflow files as GitHub would, by `act` in host mode."""
