"""Takes a role by the job's identity, as the action itself does. It needs the standard library alone."""

import json
import os
import sys
import urllib.error
import urllib.parse
import urllib.request
import xml.etree.ElementTree as ET
from pathlib import Path

AUDIENCE = "sts.amazonaws.com"


def identity() -> str:
    """The job's token; a job without `id-token: write` gets none."""
    try:
        url, secret = os.environ["ACTIONS_ID_TOKEN_REQUEST_URL"], os.environ["ACTIONS_ID_TOKEN_REQUEST_TOKEN"]
    except KeyError:
        sys.exit("::error::The job has no identity: it needs the permission id-token: write")
    request = urllib.request.Request(
        f"{url}&audience={AUDIENCE}", headers={"Authorization": f"Bearer {secret}"}
    )
    with urllib.request.urlopen(request) as answer:
        return str(json.loads(answer.read())["value"])


def assume(token: str) -> dict[str, str]:
    """The role's keys, by AWS's own operation."""
    form = {
        "Action": "AssumeRoleWithWebIdentity",
        "Version": "2011-06-15",
        "RoleArn": os.environ["ROLE"],
        "RoleSessionName": os.environ["NAME"],
        "DurationSeconds": os.environ["DURATION"],
        "WebIdentityToken": token,
    }
    url = f"{os.environ['AWS_ENDPOINT_URL']}/"
    request = urllib.request.Request(url, urllib.parse.urlencode(form).encode())
    try:
        with urllib.request.urlopen(request) as answer:
            root = ET.fromstring(answer.read())
    except urllib.error.HTTPError as error:
        sys.exit(f"::error::Could not assume role with OIDC: {error.read().decode()}")
    return {one.tag.rpartition("}")[2]: one.text or "" for one in root.iter()}


def main() -> None:
    """Mask the secrets, and give the keys to the steps that come."""
    given = assume(identity())
    for name in ("SecretAccessKey", "SessionToken"):
        sys.stdout.write(f"::add-mask::{given[name]}\n")
    with Path(os.environ["GITHUB_ENV"]).open("a", encoding="utf-8") as variables:
        variables.write(
            f"AWS_REGION={os.environ['REGION']}\n"
            f"AWS_ACCESS_KEY_ID={given['AccessKeyId']}\n"
            f"AWS_SECRET_ACCESS_KEY={given['SecretAccessKey']}\n"
            f"AWS_SESSION_TOKEN={given['SessionToken']}\n"
        )


if __name__ == "__main__":
    main()
