"""The static checks of templates and workflow files, by tools of others."""
