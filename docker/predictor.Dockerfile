# The predictor, which is also the image of preparation Jobs. For NVIDIA GPUs, with the CUDA libraries that PyPI's torch
# brings along (they work on CPUs too, in a larger image):
#   docker build --file docker/predictor.Dockerfile --tag localhost/transformermodel-predictor:0.1.0 .
# For CPUs, with a torch without CUDA from the index that PyTorch's installation page names:
#   docker build ... --build-arg TORCH_INDEX_URL=https://... --tag localhost/transformermodel-predictor:0.1.0-cpu .
ARG PYTHON_IMAGE=python:3.11.14-slim-trixie

FROM ${PYTHON_IMAGE} AS build
WORKDIR /source
RUN python -m venv /opt/transformermodel
ENV PATH=/opt/transformermodel/bin:$PATH PIP_CONSTRAINT=/source/constraints.txt PIP_NO_CACHE_DIR=1
COPY constraints.txt .
# A layer of its own: it is large and changes only with the constraints.
ARG TORCH_INDEX_URL
RUN pip install ${TORCH_INDEX_URL:+--index-url "${TORCH_INDEX_URL}"} torch
COPY . .
RUN pip install '.[predictor,tracing]'

FROM ${PYTHON_IMAGE}
COPY --from=build /opt/transformermodel /opt/transformermodel
# How NVIDIA's container runtime knows which of the driver's libraries are needed; without effect elsewhere.
ENV PATH=/opt/transformermodel/bin:$PATH PYTHONUNBUFFERED=1 NVIDIA_DRIVER_CAPABILITIES=compute,utility
USER 65532:65532
ENTRYPOINT ["transformermodel"]
CMD ["serve", "--model-dir=/mnt/models"]
