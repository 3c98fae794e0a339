"""Gives the local GitHub an in-toto statement of the built file's digest, without a signature."""

import base64
import hashlib
import json
import os
import pathlib
import urllib.request

subject = pathlib.Path(os.environ["SUBJECT"])
statement = {
    "_type": "https://in-toto.io/Statement/v1",
    "subject": [
        {"name": subject.name, "digest": {"sha256": hashlib.sha256(subject.read_bytes()).hexdigest()}}
    ],
    "predicateType": "https://slsa.dev/provenance/v1",
    "predicate": {
        "buildDefinition": {"resolvedDependencies": [{"digest": {"gitCommit": os.environ["GITHUB_SHA"]}}]}
    },
}
payload = base64.b64encode(json.dumps(statement).encode()).decode()
bundle = {
    "mediaType": "application/vnd.dev.sigstore.bundle.v0.3+json",
    "verificationMaterial": {},
    "dsseEnvelope": {"payloadType": "application/vnd.in-toto+json", "payload": payload, "signatures": []},
}
request = urllib.request.Request(
    f"{os.environ['GITHUB_API_URL']}/repos/{os.environ['GITHUB_REPOSITORY']}/attestations",
    json.dumps({"bundle": bundle}).encode(),
    {"Authorization": f"Bearer {os.environ['TOKEN']}", "Content-Type": "application/json"},
)
urllib.request.urlopen(request).close()
