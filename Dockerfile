# The image of the Docker actions: Python, and in the one folder /kanmon the package with its requirements.
# The base is named by its digest: the tag moves. For security updates, pin the digest that this shows:
#   docker buildx imagetools inspect python:3.13-slim-bookworm
# A release's actions name the built image by digest too (`actions/image`). So every byte is fixed.
ARG BASE=python:3.13-slim-bookworm@sha256:67a1e1f215ccda113cfc024e8639049257e88f273898f595b61476d128d387e8

FROM ${BASE} AS build
# Nobody starts the packages' own commands, and their tests are of no use.
COPY requirements.txt /kanmon/
RUN python -m pip install --quiet --disable-pip-version-check --root-user-action ignore --no-cache-dir --no-compile \
    --no-deps --only-binary :all: --require-hashes --target /kanmon --requirement /kanmon/requirements.txt \
    && rm -rf /kanmon/bin /kanmon/tests
COPY kanmon /kanmon/kanmon
# The package finds its templates by the link kanmon/infra, and the link leads here.
COPY infra /kanmon/infra
COPY LICENSE actions/post kanmon/__main__.py /kanmon/
RUN python -m compileall -q -j 0 --invalidation-mode unchecked-hash /kanmon

FROM ${BASE}
# The base has no compiled modules: every start would compile its modules of the standard library again.
RUN python -m compileall -q -j 0 --invalidation-mode unchecked-hash \
    -x '/(dist-packages|ensurepip|idlelib|lib2to3|pydoc_data|site-packages|test|tkinter|turtledemo)/' \
    "$(python -c 'import sysconfig; print(sysconfig.get_path("stdlib"))')"
COPY --from=build /kanmon /kanmon
# Python is the container's first process: the signals of a cancelled step reach this process alone. It is isolated:
# nothing comes in from the job's environment or the workspace (-I), nor from Python's site-packages (-S).
ENTRYPOINT ["python", "-ISu", "/kanmon", "action"]
