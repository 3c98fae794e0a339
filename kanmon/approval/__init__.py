"""Approval of a plan: by GitHub's reviewers, or by a person at the terminal."""
