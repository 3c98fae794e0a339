"""The room of the bundle: a release's files, built once, packed deterministically, named by content."""

from kanmon.bundle.blobs import Blobs
from kanmon.bundle.build import build_bundle
from kanmon.bundle.manifest import Bundle, FunctionPackage, Manifest, WebFile, WorkflowDefinition, load_bundle

__all__ = [
    "Blobs",
    "Bundle",
    "FunctionPackage",
    "Manifest",
    "WebFile",
    "WorkflowDefinition",
    "build_bundle",
    "load_bundle",
]
