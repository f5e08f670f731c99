"""How clients speak to the server; one file per protocol."""
