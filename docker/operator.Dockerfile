# The operator, without any machine learning:
#   docker build --file docker/operator.Dockerfile --tag localhost/transformermodel-operator:0.1.0 .
ARG PYTHON_IMAGE=python:3.11.14-slim-trixie

FROM ${PYTHON_IMAGE} AS build
WORKDIR /source
RUN python -m venv /opt/transformermodel
ENV PATH=/opt/transformermodel/bin:$PATH PIP_CONSTRAINT=/source/constraints.txt PIP_NO_CACHE_DIR=1
COPY . .
RUN pip install '.[operator,tracing]'

FROM ${PYTHON_IMAGE}
COPY --from=build /opt/transformermodel /opt/transformermodel
ENV PATH=/opt/transformermodel/bin:$PATH PYTHONUNBUFFERED=1
USER 65532:65532
ENTRYPOINT ["transformermodel"]
CMD ["operator"]
