"""Are the kernel's encodings, hashes and admission what their chapter says?"""

import random
from contextlib import suppress

import pytest
from kernel_images import REPLY, TRAP, ZERO, code, handle, image, k, mapping

import model

ABC = bytes.fromhex("bddd813c634239723171ef3fee98579b94964e3bb1cb3e427262c8c068d52319")
SUB_BLOB = bytes.fromhex("00000000010c00000014072a000000000000000a000104")
RAW = bytes.fromhex(
    "020000000a0001000000000000000000000000000000000000000000000100000007000000010000"
    "000800000000000000000000000109000000"
)
IMAGE_B = k.Image(
    code=bytes.fromhex("0000000001020000000a0001"),
    endpoints={0: k.EndpointDef()},
    gas_slots=[7],
    quota_slots=[8],
    yield_marker_slot=9,
)
IMAGE_C = k.Image(SUB_BLOB, {0: k.EndpointDef()}, [], [7], [8], {}, {}, 9)
IMAGE_K = k.Image(
    code=SUB_BLOB,
    endpoints={0: k.EndpointDef(initial_regs={1: 0x4000}), 255: k.EndpointDef(0xDEADBEEF, 4, 8)},
    memory_mappings=[mapping(0x1000, 0x4000, 65), mapping(0x5000, 0x2000, 7, 3)],
    gas_slots=[7],
    quota_slots=[8],
    pinned_slots={66: k.PinnedData(b"abc", 4096), 70: k.PinnedImage(b"\x11" * 32)},
    initial_slots={65: k.InitialData(b"", 0x4000)},
    yield_marker_slot=9,
)
ENCODED_K = bytes.fromhex(
    "1700000000000000010c00000014072a000000000000000a0001040200000000000000000000000000000100000001004000"
    "0000000000ffefbeadde00000000040800000000020000000010000000000000004000000000000001000000410000000050"
    "0000000000000020000000000000020000000700000003000000010000000700000001000000080000000200000042000000"
    "0003000000616263001000000000000046000000011111111111111111111111111111111111111111111111111111111111"
    "11111101000000410000000000000000400000000000000109000000"
)


def raw_genesis_state(code_bytes, image_hash, *stored):
    return k.State(
        data_payloads={k.hash("bytes", payload): payload for payload in stored},
        code_blobs={0: code_bytes},
        vaults={0: k.VaultRecord(image_hash, ZERO)},
        counters=k.IdCounters(0, 1, 1),
    )


GOLDEN_BYTES = {
    b"": "0e5751c026e543b2e8ab2eb06099daa1d1e5df47778f7787faab45cdf12fe3a8",
    b"\0": "03170a2e7597b7b7e3d84c05391d139a62b157e78786d8c082f29dcf4c111314",
    b"abc": ABC.hex(),
    bytes(8): "81e47a19e6b29b0a65b9591762ce5143ed30d0261e5d24a3201752506b20f15c",
    b"event-1": "146478e1ed38670ea5bd7c7c25c25c16bd4c4f5bd5aad98fe90772cd3bc9ac7b",
}
GOLDEN_CAPS = [
    (k.ImageCap(k.hash("image", bytes(29))), "d85461c5acbe09ac7adbd592afdd260462d058b0f8015a2890c86d9cfdd0e0e5"),
    (k.Data(0, k.hash("bytes", b"")), "b26d8e6487ca5bd7c8a427bb52d61291bb3628087ad725ea2e940998f8760b48"),
    (k.Data(3, ABC), "b34d0c2d1dacaee9f376e3d2b88bd3be4670820d9b31e5cd3059ff3a43f770fc"),
    (handle("gas", 0), "74561e4d5bfa6da6641fa48cabf75db9eee574950c0f9282273936a952dc510b"),
    (handle("file", 0), "870d693aa94eef5d8ca164ba07e4802f672e9de5396d45f708511d9f69ab3aa9"),
    (k.Instance(b"\xaa" * 32, b"\xbb" * 32), "f17974303a825f0553ed56afa630d995dd3bdabb6d06dd35710831a47b3890f7"),
    (k.TypeCap(b"\xaa" * 32), "c1ca6002e38432f101894a064f678ee9332e656f1c7e93eee18d58a1ef9c8553"),
    (k.CNodeCap(k.CNode(0)), "5da748e14c61a98f0609fc49062e3c53bbbf41e4e13af282c90f4d34df331742"),
    (k.CNodeCap(k.CNode(2, {1: k.Data(3, ABC)})), "ee35cfbd66552f9fbbbad62b9a8bc6eb7814a72fb8aef22706fc75be65be7fd2"),
]
GOLDEN_CNODES = [
    (k.CNode(0), "03170a2e7597b7b7e3d84c05391d139a62b157e78786d8c082f29dcf4c111314"),
    (k.CNode(2), "d41ed05ab81c03a8269cc8809aefa0798c038293ca0626545f063ca9258cb0b0"),
    (k.CNode(8), "40a902295cc7af748cdbda864db476061a0ad31c4cadebe10bc954a81b1bfd70"),
    (k.CNode(2, {1: k.Data(3, ABC)}), "8f91b7c3339c3504d3805289048eb8c046bfe34f1b24b25a5df560247cfa1ff4"),
]
GOLDEN_IMAGES = [
    (bytes(29), "bf12c274f1ad4f0711e40899aaf004f95472df245b04a33d789a4a052e4df578"),
    (RAW, "97cdd6333a27cc428332769fdd6e3d02d482790a4426be83fca91119e0c077e9"),
    (k.encode(IMAGE_B), "4a4b600ecc84b24356dc4571aa40afdeda2f90084305528f626d27a64647c135"),
    (k.encode(IMAGE_C), "d87d041d35e957e4ad6b0207765d41b172fa0a1dc4cabf4e4ced4c9da5eebbe3"),
    (k.encode(IMAGE_K), "e2fd0f2dba42ef1d36741696cd06af4c34b7464b7cdb25ece3249baf2ff2e33b"),
]
KERNEL_IMAGES = {
    "yield_catcher": "046a2e27b90357fbf4eebd567bbaecda4fa399674a984533a39e9831ffe07673",
    "gas": "50c212eaebbb44fab01af46338988a0257ec41c4495433a2786055cc8b038b9c",
    "quota": "c026a30ae1af03b7108ec4ef9490781f262ee5d6766677c4e3156ba6868bc88a",
    "set_gas_meter": "3bf4d6bba9ac4834190b99d0bb4a97b1c19ae87d74904d13ea664a7bc989f709",
    "set_storage_quota": "2c6f215d99166fb512c328b9458bf5e1aad853d13f76bb58e9df317abbffbad2",
    "mint_gas": "1aca8e66f0711a7a4b890f973c6186fff31653208cfa89f08213e7bc0237b4a5",
    "mint_quota": "f6a000b0cb24de74acf7b24579a9fc1e546bc1caa93bbf6ec1e389393d769df2",
    "create_yield_catcher": "ba60cbb41c86d02f9237c2fe01bf94e8c89b74e294081817ba923ee303589dea",
    "oog_marker": "54bf860a79fdb437888d436dc174eef4c556c0e98094d1d7f50cd6434adb991f",
    "file": "227adcc855b2e6d9c23f15b663ab9af7ae9e2cae4572bedc11d6c7c6b2d55985",
    "host_open": "56c4c9e502472371b755d3db226c2a484c5415c6aa588fa68c6c19f56091486c",
    "host_save": "9da40a8fab7cfda5fd28814d7fd912af3c70870df75145ecd2679b0018f62dbb",
}


def test_golden_hashes():
    for value, digest in GOLDEN_BYTES.items():
        assert k.hash("bytes", value).hex() == digest
    for cap, digest in GOLDEN_CAPS:
        assert k.hash("cap", k.encode(cap)).hex() == digest
    for cnode, digest in GOLDEN_CNODES:
        assert k.hash("cnode", k.encode(cnode)).hex() == digest
    for value, digest in GOLDEN_IMAGES:
        assert k.hash("image", value).hex() == digest
    assert {name: value.hex() for name, value in k.KERNEL_IMAGE.items()} == KERNEL_IMAGES
    leaves = b"".join(k.hash("bytes", letter) for letter in (b"a", b"b", b"c"))
    assert k.hash("bmt", leaves).hex() == "54d784d71c7d9e4901a978857ed44d89f3990c8aeb4b28d494ea88cf955d183b"
    assert k.hash("bmt", leaves[:32]) == leaves[:32]
    assert k.hash("bmt", b"") == k.hash("bytes", b"")


def test_a_cnode_hashes_as_its_leaves_do():
    for size_log, slots in ((0, [0]), (1, [1]), (3, []), (3, [0, 3, 6]), (5, [31]), (5, range(32))):
        leaves = [b"\0"] * 2**size_log
        for slot in slots:
            leaves[slot] = b"\1" + k.hash("cap", k.encode(k.Data(slot, ABC)))
        cnode = k.CNode(size_log, {slot: k.Data(slot, ABC) for slot in slots})
        root = k.hash("bmt", b"".join(k.hash("bytes", leaf) for leaf in leaves))
        assert k.hash("cnode", k.encode(cnode)) == root


def test_golden_chain_of_two_images():
    extended = k.hash("chain", k.hash("image", bytes(29)) + k.hash("image", RAW))
    assert extended.hex() == "f2793f50fc412fee2f762018b1b3211dd29446c9e8baf02d0c73309e809e9da9"


def test_golden_images_have_their_lengths():
    assert len(RAW) == 58 and len(k.encode(IMAGE_B)) == 68 and len(k.encode(IMAGE_C)) == 79
    assert k.encode(IMAGE_K) == ENCODED_K and len(ENCODED_K) == 228
    assert k.decode("image", ENCODED_K) == IMAGE_K


def test_golden_state_of_the_raw_image():
    image_hash = k.hash("image", RAW)
    genesis = k.encode(raw_genesis_state(b"\x0a\0", image_hash))
    assert len(genesis) == 130
    assert k.hash("state", genesis).hex() == "499c42484d94833e5114f40296ffa455bee60f1251ab3b38ece43e59d014279b"
    after = k.encode(raw_genesis_state(b"\x0a\0", image_hash, b"event-1"))
    assert len(after) == 173
    assert k.hash("state", after).hex() == "ba14630f3176753f9a7a3a9d576954b981fb20592b2db487f7d604a9d785d254"


def test_golden_states():
    assert k.encode(k.State()) == bytes(44)
    empty = "5e5f32a2daed6efc6d975759dad761417cb715fcc50670cc1f53767ae1d61a34"
    assert k.hash("state", bytes(44)).hex() == empty
    state = raw_genesis_state(SUB_BLOB, k.hash("image", k.encode(IMAGE_C)), b"", b"abc")
    state.data_blobs = {0: k.DataBlob(ABC, 3, 1, 0)}
    state.counters = k.IdCounters(1, 1, 1)
    encoded = k.encode(state)
    assert len(encoded) == 286
    assert k.hash("state", encoded).hex() == "55639ec709c7c0b3c76484b853ae90f3061c99431f0cec4cc8893bc7daf18d1f"
    assert k.decode("state", encoded) == state


@pytest.mark.parametrize(
    ("what", "genesis", "after"),
    [
        (
            IMAGE_B,
            "1d1a3543c93de1744bd4b97a408c70ddc2c90a489a66dd67ff40c3f18b813466",
            "6feb4111cd4a4382bd671beb3cb591309313fd5f9be7853fc6a402c296577c4d",
        ),
        (
            IMAGE_C,
            "ee48d396e8c04a47e94a1c445a87229b0fe50a2b91ade29b4065aa19e58a4cf3",
            "fdd151599f95e6cc47c6b5f6e6a2d90d9d2eacb5fc54e59bfd7c1ed0eb37aa92",
        ),
    ],
)
def test_golden_roots_of_chains(what, genesis, after):
    chain = k.Chain(k.encode(what))
    assert chain.root().hex() == genesis
    assert chain.apply(0, b"event-1", 100000, 1000000).outcome == "halt"
    assert chain.root().hex() == after


def test_golden_root_cnode_of_genesis():
    from model.kernel.chain import root_cnode

    cnode = k.encode(root_cnode(IMAGE_B))
    assert k.hash("cnode", cnode).hex() == "3f262e8cb092b498d5affb16a2a15fdc628a47ecba41dcdee55ef1a0fc0719cf"


def samples():
    """An encoded value of every type that the codec level decodes."""
    state = raw_genesis_state(SUB_BLOB, ZERO, b"", b"abc")
    state.data_blobs = {0: k.DataBlob(ABC, 3, 1, 0), 7: k.DataBlob(ZERO, 2**64 - 1, 2**32 - 1, 9)}
    state.validators = [ABC, ZERO]
    caps = {number: cap for number, (cap, _) in enumerate(GOLDEN_CAPS)}
    cnode = k.CNode(8, caps)
    entry = k.InstanceEntry(bytes(range(64)), k.encode(IMAGE_B), cnode)
    tables = k.Tables({0: 1, 5: 0}, {2: 3}, {ABC: [ZERO, ABC], b"\xff" * 32: []})
    yield "image", k.encode(IMAGE_K)
    yield "state", k.encode(state)
    yield "cap", k.encode(k.CNodeCap(cnode))
    yield "cnode", k.encode(cnode)
    yield "world", k.encode(k.WorldStart(state, tables, [entry, k.ReferenceEntry(0), entry]))


def kind_of(type, data):
    with pytest.raises(k.DecodeError) as caught:
        k.decode(type, data)
    assert 0 <= caught.value.offset <= len(data)
    return caught.value.rule.removeprefix("image/decode/")


def test_every_type_comes_back_and_knows_its_end():
    for type, encoded in samples():
        assert k.encode(k.decode(type, encoded)) == encoded
        assert kind_of(type, encoded + b"\0") == "trailing_bytes"


def test_every_truncation_is_an_error():
    for type, encoded in samples():
        for size in range(len(encoded)):
            assert kind_of(type, encoded[:size]) in ("unexpected_eof", "sequence_too_long")


def test_mutations_decode_to_themselves_or_not_at_all():
    chance = random.Random(1)
    for type, encoded in samples():
        for _ in range(2000):
            changed = bytearray(encoded)
            changed[chance.randrange(len(changed))] = chance.choice((0, 1, 2, 4, 17, 255, chance.randrange(256)))
            with suppress(k.DecodeError):
                assert k.encode(k.decode(type, changed)) == changed


def u32(value):
    return value.to_bytes(4, "little")


def u64(value):
    return value.to_bytes(8, "little")


def test_a_count_is_compared_with_what_is_left_including_itself():
    assert kind_of("image", u32(5)) == "sequence_too_long"
    assert kind_of("image", u32(4)) == "unexpected_eof"
    assert kind_of("image", u32(2**32 - 1) + bytes(40)) == "sequence_too_long"
    assert kind_of("image", bytes(3)) == "unexpected_eof"


def test_keys_ascend_and_the_order_is_checked_before_the_value():
    endpoint = bytes(8) + b"\0\0" + u32(0)
    assert kind_of("image", u32(0) + u32(2) + b"\1" + endpoint + b"\1") == "not_sorted"
    assert kind_of("image", u32(0) + u32(2) + b"\1" + endpoint + b"\0") == "not_sorted"
    assert kind_of("image", u32(0) + u32(2) + b"\1" + endpoint + b"\2") == "unexpected_eof"
    blob = ABC + bytes(20)
    assert k.decode("state", u32(2) + u64(255) + blob + u64(256) + blob + bytes(40)).data_blobs.keys() == {255, 256}
    assert kind_of("state", u32(2) + u64(256) + blob + u64(255)) == "not_sorted"


def test_discriminators():
    assert kind_of("image", bytes(28) + b"\2") == "invalid_discriminator"
    assert kind_of("cap", b"\5") == "invalid_discriminator"
    assert kind_of("cap", b"") == "unexpected_eof"
    pinned = bytes(20) + u32(1) + u32(66)
    assert kind_of("image", pinned + b"\2" + bytes(40)) == "invalid_discriminator"


def test_cnodes_are_well_formed():
    cap = b"\4" + ABC
    assert kind_of("cnode", b"\x11") == "invalid_discriminator"
    assert kind_of("cnode", b"\1" + u32(1) + u32(2)) == "invalid_discriminator"
    assert kind_of("cnode", b"\1" + u32(2) + u32(1) + cap + u32(0)) == "not_sorted"
    assert kind_of("cnode", b"\1" + u32(2) + u32(1) + cap + u32(2)) == "invalid_discriminator"


def nested(depth):
    cnode = k.CNode(0)
    for _ in range(depth - 1):
        cnode = k.CNode(0, {0: k.CNodeCap(cnode)})
    return cnode


def test_cnodes_nest_16_deep():
    for type, wrap in (("cnode", lambda cnode: cnode), ("cap", k.CNodeCap)):
        sixteen = k.encode(wrap(nested(16)))
        assert k.encode(k.decode(type, sixteen)) == sixteen
        assert kind_of(type, k.encode(wrap(nested(17)))) == "invalid_discriminator"
    beside = k.encode(k.CNode(5, {slot: k.CNodeCap(nested(15)) for slot in range(20)}))
    assert k.encode(k.decode("cnode", beside)) == beside
    too_deep = k.encode(nested(17))
    end_of_discriminator = len(too_deep) - 5
    assert kind_of("cnode", too_deep[:end_of_discriminator]) == "invalid_discriminator"
    assert kind_of("cnode", too_deep[: end_of_discriminator - 1]) in ("unexpected_eof", "sequence_too_long")


def test_wrong_sizes_of_leaves_and_chains_are_refused():
    for kind, size in (("bmt", 33), ("chain", 63), ("chain", 0)):
        with pytest.raises(k.Refused):
            k.hash(kind, bytes(size))
    with pytest.raises(k.DecodeError):
        k.hash("cap", b"")


def reason(what):
    """Why an Image is not admitted; "" when it is."""
    try:
        k.admit(what if isinstance(what, bytes) else k.encode(what))
    except k.NotAdmitted as error:
        return error.rule.removeprefix("image/admit/")
    return ""


PAGE = 4096
REPLIES = code(REPLY)


def with_code(blob):
    return k.Image(code=blob)


def pinned_data(slot, content=b"", size=0):
    return image(REPLY, pinned_slots={slot: k.PinnedData(content, size)})


def initial_data(slot, content=b"", size=0):
    return image(REPLY, initial_slots={slot: k.InitialData(content, size)})


def mapped(*mappings):
    return image(REPLY, memory_mappings=list(mappings))


REASONS = [
    ("code_header_short", with_code(bytes(8))),
    ("code_entry_size", with_code(bytes(9))),
    ("code_entry_size", with_code(b"\0\0\0\0\5\0\0\0\0")),
    ("code_truncated", with_code(REPLIES[:-1])),
    ("code_trailing_bytes", with_code(REPLIES + b"\0")),
    ("code_stray_bits", with_code(REPLIES[:-1] + b"\x21")),
    ("slot_range", image(REPLY, gas_slots=[7, 256])),
    ("slot_range", image(REPLY, quota_slots=[2**32 - 1])),
    ("slot_range", image(REPLY, yield_marker_slot=256)),
    ("slot_range", pinned_data(256)),
    ("slot_range", initial_data(256)),
    ("slot_range", mapped(mapping(0, PAGE, 256))),
    ("slot_range", mapped(mapping(0, PAGE, 256, 1))),
    ("empty_path", mapped(mapping(0, PAGE))),
    ("start_unaligned", mapped(mapping(1, PAGE, 20))),
    ("size_unaligned", mapped(mapping(0, PAGE + 1, 20))),
    ("end_range", mapped(mapping(2**32 - PAGE, 2 * PAGE, 20))),
    ("end_range", mapped(mapping(2**64 - PAGE, PAGE, 20))),
    ("size_zero", mapped(mapping(PAGE, 0, 20))),
    ("overlap", mapped(mapping(PAGE, PAGE, 20), mapping(0, 2 * PAGE, 21))),
    ("overlap", mapped(mapping(PAGE, PAGE, 20), mapping(PAGE, PAGE, 20))),
    (
        "pinned_and_initial",
        image(REPLY, pinned_slots={20: k.PinnedImage(ZERO)}, initial_slots={20: k.InitialData(b"", 0)}),
    ),
    ("content_too_long", pinned_data(20, b"ab", 1)),
    ("content_too_long", initial_data(20, b"a", 0)),
    *(("reserved_slot", pinned_data(slot)) for slot in (0, 7, 12, 16)),
    *(("reserved_slot", initial_data(slot)) for slot in (0, 7, 16)),
    ("unit_slot_pinned", image(REPLY, gas_slots=[20], pinned_slots={20: k.PinnedImage(ZERO)})),
    ("unit_slot_pinned", image(REPLY, quota_slots=[1, 20], pinned_slots={20: k.PinnedImage(ZERO)})),
    ("unit_slot_pinned", image(REPLY, yield_marker_slot=20, pinned_slots={20: k.PinnedImage(ZERO)})),
    ("entry_pc", image(REPLY, endpoints={3: k.EndpointDef(1)})),
    ("entry_pc", image(REPLY, endpoints={3: k.EndpointDef(2**64 - 1)})),
    ("entry_pc", image(REPLY, endpoints={3: k.EndpointDef(2**32)})),
    ("entry_pc", image(endpoints={0: k.EndpointDef()})),
    ("content_unstripped", pinned_data(20, b"a\0", 2)),
    ("content_unstripped", initial_data(20, b"\0", 2)),
    ("path_from_slot_0", mapped(mapping(0, PAGE, 0))),
    ("path_from_slot_0", mapped(mapping(0, PAGE, 0, 5))),
    ("too_many_pages", mapped(mapping(0, 65537 * PAGE, 20))),
    ("too_many_pages", mapped(mapping(0, 65536 * PAGE, 20), mapping(65536 * PAGE, PAGE, 21))),
]


def test_every_reason_of_admission():
    for name, what in REASONS:
        with model.reached() as rules:
            assert reason(what) == name
        assert "image/admit/" + name in rules


def test_the_first_reason_is_reported():
    order = [name for name, _ in model.kernel.table.ADMIT]
    assert order == list(dict.fromkeys(name for name, _ in REASONS))
    bad = image(
        REPLY,
        endpoints={0: k.EndpointDef(9)},
        memory_mappings=[mapping(1, 1, 0), mapping(2**63, 65537 * PAGE, 3)],
        gas_slots=[7],
        pinned_slots={7: k.PinnedData(b"\0", 0)},
        initial_slots={7: k.InitialData(b"", 0)},
    )
    assert reason(bad) == "start_unaligned"
    bad.memory_mappings[0].start = 0
    assert reason(bad) == "size_unaligned"
    bad.memory_mappings[0].size = 0
    assert reason(bad) == "end_range"
    bad.memory_mappings[1].start = 0
    assert reason(bad) == "size_zero"
    bad.memory_mappings[0].size = PAGE
    assert reason(bad) == "overlap"
    bad.memory_mappings[0].start = 2**31
    assert reason(bad) == "pinned_and_initial"
    bad.initial_slots = {}
    assert reason(bad) == "content_too_long"
    bad.pinned_slots[7].size = 1
    assert reason(bad) == "reserved_slot"
    bad.pinned_slots = {17: k.PinnedData(b"\0", 1)}
    bad.gas_slots = [17]
    assert reason(bad) == "unit_slot_pinned"
    bad.gas_slots = []
    assert reason(bad) == "entry_pc"
    bad.endpoints = {}
    assert reason(bad) == "content_unstripped"
    bad.pinned_slots = {}
    assert reason(bad) == "path_from_slot_0"
    bad.memory_mappings[0].source = [3]
    assert reason(bad) == "too_many_pages"
    bad.memory_mappings[1].size = 65535 * PAGE
    assert reason(bad) == ""


def test_what_is_tolerated():
    odd = [
        mapped(mapping(0, PAGE, 1, 2**32 - 1)),
        mapped(mapping(0, PAGE, 20), mapping(2**32 - PAGE, PAGE, 20)),
        mapped(mapping(0, PAGE, 7)),
        image(REPLY, gas_slots=[5, 5]),
        image(REPLY, gas_slots=[0]),
        image(REPLY, endpoints={0: k.EndpointDef(0, 0, 0, {11: 1, 13: 2, 255: 3})}),
        image(REPLY, endpoints={0: k.EndpointDef(0, 1, 0)}),
        k.Image(code=code(REPLY, table=[9])),
    ]
    for what in odd:
        with model.reached() as rules:
            assert reason(what) == ""
        assert "image/admit/tolerated" in rules
    plain = [
        mapped(mapping(0, PAGE, 20)),
        IMAGE_B,
        with_code(code()),
        image(TRAP, REPLY, endpoints={0: k.EndpointDef(1)}),
    ]
    for what in plain:
        with model.reached() as rules:
            assert reason(what) == ""
        assert "image/admit/tolerated" not in rules


def test_the_raw_and_the_full_image_are_not_admitted():
    assert reason(RAW) == "code_header_short"
    assert reason(ENCODED_K) == "entry_pc"
