"""A real llama.cpp server with a model of our own making that says one fixed text: for protocol and streaming.

The model is a chain: in its one empty layer nothing happens, and its output weights make each token lead to the next
(the residual stream carries the one-hot embedding of the last token through). Its server, sampler, chat template and
parser are llama.cpp's own, as the package `xllamacpp` ships them; `gguf` writes the file. Neither is installed by
`make setup`: `.venv/bin/pip install xllamacpp gguf` brings both.
"""

from __future__ import annotations

import importlib.util
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import numpy as np

NEEDED = ("xllamacpp", "gguf")
TEMPLATE = (
    "{%- for message in messages -%}<|turn|>{{ message.role }}: {{ message.content }}{%- endfor -%}"
    "{%- if add_generation_prompt -%}<|read|>{%- endif -%}"
)
"""A chat template without a place for tools, as many small models have it."""
TOOL_TEMPLATE = (
    "{%- if tools -%}<|turn|>system: You may call these tools:"
    "{%- for tool in tools -%}{{ tool | tojson }}{%- endfor -%}"
    'To call one write <tool_call>\n{"name": name, "arguments": object}\n</tool_call>{%- endif -%}'
    "{%- for message in messages -%}<|turn|>{{ message.role }}: {{ message.content }}"
    "{%- if message.tool_calls -%}{%- for call in message.tool_calls -%}"
    '<tool_call>\n{"name": "{{ call.function.name }}", "arguments": {{ call.function.arguments | tojson }}}'
    "\n</tool_call>"
    "{%- endfor -%}{%- endif -%}{%- endfor -%}{%- if add_generation_prompt -%}"
    "{%- if messages[-1].role == 'tool' -%}<|read|>{%- else -%}<|ask|>{%- endif -%}{%- endif -%}"
)
"""One with a place for them, of the Hermes kind: the model is asked to call first, and to answer behind a result."""
_SPECIAL = ("<unk>", "<s>", "</s>", "<|turn|>", "<|ask|>", "<|read|>")
_ASK, _READ = 4, 5


def missing() -> str:
    """What must be installed first; empty when nothing is missing."""
    absent = [name for name in NEEDED if importlib.util.find_spec(name) is None]
    return f"not installed: {', '.join(absent)}; see tests/servers/llama_cpp.py" if absent else ""


def write_model(file: Path, says: Sequence[str], calls: Sequence[str] = (), *, loops: bool = False) -> None:
    """A model that answers everything with the pieces of `says`, one token each, all different; then ends.

    `calls`: the pieces of what it writes first where its template asks it to call a tool. `loops`: it never ends, and
    writes bytes that are no text between one round and the next.
    """
    import gguf

    assert len({*says, *calls}) == len(says) + len(calls), "each piece leads to one next piece"
    pieces = [piece.replace(" ", "\u2581") for piece in (*says, *calls)]
    tokens = [*_SPECIAL, *(f"<0x{byte:02X}>" for byte in range(256)), *pieces]
    kinds = [2, *([3] * (len(_SPECIAL) - 1)), *([6] * 256), *([1] * len(pieces))]
    width = -(-len(tokens) // 64) * 64
    writer = gguf.GGUFWriter(str(file), "llama")
    writer.add_context_length(131_072)
    writer.add_embedding_length(width)
    writer.add_block_count(1)
    writer.add_feed_forward_length(64)
    writer.add_head_count(4)
    writer.add_head_count_kv(4)
    writer.add_rope_dimension_count(width // 4)
    writer.add_layer_norm_rms_eps(1e-5)
    writer.add_file_type(0)
    writer.add_tokenizer_model("llama")
    writer.add_token_list(tokens)
    writer.add_token_scores([0.0] * len(tokens))
    writer.add_token_types(kinds)
    writer.add_bos_token_id(1)
    writer.add_eos_token_id(2)
    writer.add_unk_token_id(0)
    writer.add_chat_template(TOOL_TEMPLATE if calls else TEMPLATE)
    for name, weights in _weights(len(tokens), width, _chain(len(says), len(calls), loops)).items():
        writer.add_tensor(name, weights)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def _chain(says: int, calls: int, loops: bool) -> dict[int, int]:
    """Which token each token leads to; whatever is not in it leads nowhere in particular."""
    first = len(_SPECIAL) + 256
    end = first + says
    following = {_READ: first, _ASK: end if calls else first}
    following |= {token: token + 1 for token in range(first, end + calls)}
    following |= {end - 1: 2, end + calls - 1: 2}
    if loops:  # two bytes that never make a letter, then from the start again
        lead, tail = len(_SPECIAL) + 0xC3, len(_SPECIAL) + 0x28
        following |= {end - 1: lead, lead: tail, tail: first}
    return following


def _weights(vocabulary: int, width: int, following: dict[int, int]) -> dict[str, np.ndarray]:
    output = np.zeros((vocabulary, width), dtype=np.float32)
    for token, next_one in following.items():
        output[next_one, token] = 2.0
    square, zeros = (width, width), np.zeros
    return {
        "token_embd.weight": np.eye(vocabulary, width, dtype=np.float32),
        "output_norm.weight": np.ones(width, dtype=np.float32),
        "output.weight": output,
        "blk.0.attn_norm.weight": np.ones(width, dtype=np.float32),
        "blk.0.ffn_norm.weight": np.ones(width, dtype=np.float32),
        **{f"blk.0.attn_{part}.weight": zeros(square, dtype=np.float32) for part in ("q", "k", "v", "output")},
        "blk.0.ffn_gate.weight": zeros((64, width), dtype=np.float32),
        "blk.0.ffn_up.weight": zeros((64, width), dtype=np.float32),
        "blk.0.ffn_down.weight": zeros((width, 64), dtype=np.float32),
    }


@contextmanager
def llama_cpp(model: Path, context: int = 131_072) -> Iterator[str]:
    """The base URL of a llama.cpp server with this model, in a process of its own. `context`: tokens it can hold."""
    log = model.with_suffix(".log")
    with log.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, __file__, str(model), str(context)],
            stdout=subprocess.PIPE,
            stderr=output,
            stdin=subprocess.PIPE,
        )
    assert process.stdout is not None
    try:
        address = process.stdout.readline().decode().strip()
        assert address.startswith("http"), log.read_text(errors="replace")[-2000:]
        yield f"{address}/v1"
    finally:
        process.kill()
        process.wait(10)
        process.stdout.close()
        if process.stdin is not None:
            process.stdin.close()


def _serve(model: str, context: str) -> None:
    import xllamacpp

    params = xllamacpp.CommonParams()
    params.model.path = model
    params.n_ctx = int(context)
    params.n_parallel = 1
    params.cpuparams.n_threads = params.cpuparams_batch.n_threads = 2
    params.port = 0
    params.use_jinja = True
    params.warmup = False
    server = xllamacpp.Server(params)
    print(server.listening_address, flush=True)
    while sys.stdin.read(1):  # until whoever started it is gone
        time.sleep(1)


if __name__ == "__main__":
    _serve(*sys.argv[1:])
