"""How the operator reaches its cluster; one set of credentials for kopf and for the client."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass

import kopf
from kubernetes.aio.client import ApiClient, Configuration
from kubernetes.aio.config.config_exception import ConfigException
from kubernetes.aio.config.incluster_config import load_incluster_config
from kubernetes.aio.config.kube_config import load_kube_config
from kubernetes.aio.dynamic import DynamicClient

from transformermodel_api.errors import UserError
from transformermodel_operator.client import Answered, Api


@asynccontextmanager
async def connect(configuration: Configuration, answered: Answered = lambda method, code: None) -> AsyncIterator[Api]:
    """A connection that is closed in the end.

    Args:
        configuration: the way to the cluster.
        answered: who counts requests.
    """
    async with ApiClient(configuration) as client:
        # Within a cluster a long list is sent faster than it is compressed and read again.
        client.set_default_header("Accept-Encoding", "identity")
        yield Api(DynamicClient(client), answered)  # type: ignore[no-untyped-call]


async def configure(environment: Mapping[str, str]) -> Configuration:
    """The way to the cluster that this process runs in, else to the one of $KUBECONFIG.

    Raises:
        UserError: there is neither.
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
    configuration.connection_pool_maxsize = 0  # each watch keeps a connection for itself
    # Else the client looks for a proxy and for credentials in ~/.netrc with each request, and takes two threads for it.
    configuration.client_session_kwargs = {"trust_env": False}
    configuration.proxy = configuration.proxy or _proxy_before(configuration.host)
    return configuration


def _proxy_before(url: str) -> str | None:
    """The proxy that the process' environment (HTTPS_PROXY, NO_PROXY) puts before a server."""
    server = urlsplit(url)
    return None if proxy_bypass(server.hostname or "") else getproxies().get(server.scheme)


async def kopf_credentials(configuration: Configuration) -> kopf.ConnectionInfo:
    """The same for kopf. It asks again when the API server no longer takes what it has: tokens are replaced hourly."""
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
