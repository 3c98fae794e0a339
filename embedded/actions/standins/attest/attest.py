"""Gives the local GitHub an in-toto statement of a digest, without a signature."""

import base64
import json
import os
import re
import sys
import urllib.request

digest = re.fullmatch("sha256:([0-9a-f]{64})", os.environ["DIGEST"])
if not digest:
    sys.exit(f"Error: {os.environ['DIGEST']} is no digest")
if not os.environ.get("ACTIONS_ID_TOKEN_REQUEST_TOKEN"):
    sys.exit("Error: the job has no id-token: write")
signer = f"{os.environ['GITHUB_SERVER_URL']}/{os.environ['GITHUB_WORKFLOW_REF']}"
statement = {
    "_type": "https://in-toto.io/Statement/v1",
    "subject": [{"name": os.environ["NAME"], "digest": {"sha256": digest[1]}}],
    "predicateType": "https://slsa.dev/provenance/v1",
    "predicate": {
        "buildDefinition": {"resolvedDependencies": [{"digest": {"gitCommit": os.environ["GITHUB_SHA"]}}]},
        "runDetails": {"builder": {"id": signer}},
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
