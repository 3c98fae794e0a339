"""GitHub: the workflow run, its runner, and one client for the API.

Import from the single modules. A command without network calls then starts fast.
"""
