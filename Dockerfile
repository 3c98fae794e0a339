# The image of the Docker actions: Python, and in the one folder /kanmon the package with all that it needs.
# The tag moves with security updates. A release hands its digest in (`--build-arg BASE=<tag>@sha256:<digest>`),
# and its actions name the image that came of it by digest too (`actions/image`): then every byte is fixed.
ARG BASE=python:3.13-slim-bookworm

FROM ${BASE} AS build
# Botocore describes 400 services; kept are those that kanmon/aws/clients.py makes clients of. Commands and tests
# that packages bring are not needed either.
COPY requirements.txt /kanmon/
RUN python -m pip install --quiet --disable-pip-version-check --root-user-action ignore --no-cache-dir --no-compile \
    --no-deps --only-binary :all: --require-hashes --target /kanmon --requirement /kanmon/requirements.txt \
    && find /kanmon/botocore/data -mindepth 1 -maxdepth 1 -type d \
    ! -name apigateway ! -name cloudformation ! -name cloudwatch ! -name lambda ! -name rds ! -name s3 ! -name secretsmanager \
    ! -name sns ! -name sts -exec rm -r {} + \
    && rm -rf /kanmon/bin /kanmon/tests
COPY kanmon /kanmon/kanmon
COPY infra /kanmon/kanmon/infra
COPY LICENSE actions/post kanmon/__main__.py /kanmon/
RUN python -m compileall -q -j 0 --invalidation-mode unchecked-hash /kanmon

FROM ${BASE}
# The base comes without compiled modules: every start would compile its part of the standard library anew.
RUN python -m compileall -q -j 0 --invalidation-mode unchecked-hash \
    -x '/(dist-packages|ensurepip|idlelib|lib2to3|pydoc_data|site-packages|test|tkinter|turtledemo)/' \
    "$(python -c 'import sysconfig; print(sysconfig.get_path("stdlib"))')"
COPY --from=build /kanmon /kanmon
# Python is the container's first process: the only one that a cancelled step's signals reach. Isolated (-I), so that
# nothing of the job's environment or the workspace gets into it; nor of Python's site-packages (-S), where it has nothing.
ENTRYPOINT ["python", "-ISu", "/kanmon", "action"]
