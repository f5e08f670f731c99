"""Connects to the cluster, with one configuration for kopf and for the client."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass

import kopf
import yaml
from kubernetes.aio.client import ApiClient, Configuration
from kubernetes.aio.config.config_exception import ConfigException
from kubernetes.aio.config.incluster_config import load_incluster_config
from kubernetes.aio.config.kube_config import load_kube_config
from kubernetes.aio.dynamic import DynamicClient

from transformermodel_api.errors import UserError
from transformermodel_operator.client import Answered, Api

_MALFORMED = (yaml.YAMLError, ValueError, TypeError, AttributeError, LookupError)
"""What the client raises for a kubeconfig that is not YAML, or not of the form that it expects."""


@asynccontextmanager
async def connect(configuration: Configuration, answered: Answered = lambda method, code: None) -> AsyncIterator[Api]:
    """Open a connection, and close it when the block ends.

    Args:
        configuration: address and credentials of the API server.
        answered: called for each request with its method, and its HTTP status or <error>.

    Raises:
        UserError: a certificate or a key of the configuration cannot be used.
    """
    try:
        api_client = ApiClient(configuration)
    except OSError as error:  # ssl.SSLError is one
        raise UserError(
            f"the certificates to connect to {configuration.host} with cannot be used: correct them in the kubeconfig "
            f"({error})"
        ) from error
    async with api_client as client:
        # Inside a cluster, sending a long list is faster than compressing and decompressing it.
        client.set_default_header("Accept-Encoding", "identity")
        yield Api(DynamicClient(client), answered)  # type: ignore[no-untyped-call]


async def configure(environment: Mapping[str, str]) -> Configuration:
    """Address and credentials of the cluster that this process runs in, else of the kubeconfig's current context.

    Args:
        environment: the process' environment; KUBECONFIG defaults to ~/.kube/config.

    Raises:
        UserError: there is neither, or it cannot be read.
    """
    configuration = Configuration()
    try:
        if environment.get("KUBERNETES_SERVICE_HOST"):
            load_incluster_config(client_configuration=configuration)  # type: ignore[no-untyped-call]
        else:
            path = environment.get("KUBECONFIG")
            await load_kube_config(path, client_configuration=configuration)  # type: ignore[no-untyped-call]
    except (ConfigException, OSError) as error:
        raise UserError(f"no cluster to connect to: set KUBECONFIG, or run in a pod ({error})") from error
    except _MALFORMED as error:
        raise UserError(
            f"the kubeconfig {environment.get('KUBECONFIG') or '~/.kube/config'} cannot be read: see what "
            f"`kubectl config view` says ({_in_one_line(error)})"
        ) from error
    configuration.connection_pool_maxsize = 0  # no limit: each watch keeps a connection open
    # Otherwise the client looks up proxies and ~/.netrc with each request, which takes two threads.
    configuration.client_session_kwargs = {"trust_env": False}
    configuration.proxy = configuration.proxy or _proxy_before(configuration.host)
    return configuration


def _in_one_line(error: Exception) -> str:
    return " ".join(str(error).split())


def _proxy_before(url: str) -> str | None:
    """The proxy for a server by the process' environment (HTTPS_PROXY, NO_PROXY); None for a direct connection."""
    server = urlsplit(url)
    return None if proxy_bypass(server.hostname or "") else getproxies().get(server.scheme)


async def kopf_credentials(configuration: Configuration) -> kopf.ConnectionInfo:
    """The configuration for kopf, with the current token: it logs in again when the API server rejects an old one."""
    token = await configuration.get_api_key_with_prefix("BearerToken")
    return kopf.ConnectionInfo(
        server=configuration.host,
        ca_path=configuration.ssl_ca_cert,
        insecure=not configuration.verify_ssl,
        username=configuration.username or None,
        password=configuration.password or None,
        scheme="Bearer" if token else None,
        token=token.split(" ", 1)[-1] if token else None,
        certificate_path=configuration.cert_file,
        private_key_path=configuration.key_file,
    )
