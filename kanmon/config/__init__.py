"""The config: its typed model, its reader and its published JSON schema."""
