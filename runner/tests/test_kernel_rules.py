"""Does every rule of the kernel decide something in the tests of its model?"""

import test_kernel_call as call
import test_kernel_chain as chain
import test_kernel_codec as codec
import test_kernel_host as host

import model

KERNEL_AREAS = ("image/", "cap/", "host/", "call/", "yield/", "chain/", "exchange/")


def test_every_rule_is_reached_and_contrasted():
    mine = {name for name in model.rules() if name.startswith(KERNEL_AREAS)}
    met, passed_by = set(), set()
    for module in (codec, host, call, chain):
        for name, test in list(vars(module).items()):
            if name.startswith("test_") and test.__code__.co_argcount == 0:
                with model.reached() as rules:
                    test()
                met |= rules
                passed_by |= mine - rules
    assert mine - met == set()
    assert {name for name in met if name.startswith(KERNEL_AREAS)} - mine == set()
    assert mine - passed_by == set()
