"""The documentation's website, built from the Markdown files of this repository."""
