"""assay state: encoded states, shown."""

import json

import click

from assay.base import exit_code
from assay.base.trouble import BadInput
from assay.suite import program
from model import kernel


@click.group("state")
def command() -> None:
    """Show encoded states.

    \b
    Exit codes: 0 done, 3 the file cannot be read or is no state.
    """


@command.command("show")
@click.argument("path", metavar="FILE")
def show(path: str) -> int:
    """Print what an encoded state holds, as JSON, and its root."""
    data = program.read_bytes(path)
    try:
        state = kernel.decode("state", data)
    except kernel.DecodeError as error:
        raise BadInput(f"{path}: {error}") from None
    found = {
        "root": kernel.hash("state", data).hex(),
        "bytes": len(data),
        "data_blobs": {
            str(id): {
                "content_hash": blob.content_hash.hex(),
                "size": blob.size,
                "backing_quota": blob.backing_quota,
            }
            for id, blob in state.data_blobs.items()
        },
        "data_payloads": {hash.hex(): len(payload) for hash, payload in state.data_payloads.items()},
        "code_blobs": {str(id): len(code) for id, code in state.code_blobs.items()},
        "vaults": {
            str(id): {"chain": vault.image_hash_chain.hex(), "content": vault.content_hash.hex()}
            for id, vault in state.vaults.items()
        },
        "validators": [validator.hex() for validator in state.validators],
        "counters": vars(state.counters),
    }
    click.echo(json.dumps(found, indent=2))
    return exit_code.AGREED
