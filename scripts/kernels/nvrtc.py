"""Compiles CUDA C++ with NVRTC: no GPU, no driver, no toolkit.

nvrtc.py LIBNVRTC SOURCE.cu INCLUDE ARCH OUT [ARCH OUT]...   compute_80 gives PTX, sm_90 machine code
"""
import ctypes
import os
import sys

library, source, include, *wanted = sys.argv[1:]
nvrtc = ctypes.CDLL(library)
nvrtc.nvrtcGetErrorString.restype = ctypes.c_char_p


def check(code):
    if code:
        raise SystemExit(f"nvrtc: {nvrtc.nvrtcGetErrorString(code).decode()}")


def text(program, what):
    size = ctypes.c_size_t()
    check(getattr(nvrtc, f"nvrtcGet{what}Size")(program, ctypes.byref(size)))
    out = ctypes.create_string_buffer(size.value)
    check(getattr(nvrtc, f"nvrtcGet{what}")(program, out))
    return out.raw


with open(source, "rb") as file:
    code = file.read()
for arch, out in zip(wanted[::2], wanted[1::2]):
    program = ctypes.c_void_p()
    # The name goes into the PTX: without the folder, so that it is the same everywhere.
    name = os.path.basename(source).encode()
    check(nvrtc.nvrtcCreateProgram(ctypes.byref(program), code, name, 0, None, None))
    options = [f"--gpu-architecture={arch}", "--std=c++17", f"-I{include}"]
    failed = nvrtc.nvrtcCompileProgram(program, len(options), (ctypes.c_char_p * len(options))(*[option.encode() for option in options]))
    log = text(program, "ProgramLog").rstrip(b"\0").decode().strip()
    if log:
        print(log, file=sys.stderr)
    check(failed)
    if arch.startswith("sm_"):
        result = text(program, "CUBIN")
    else:
        result = text(program, "PTX").rstrip(b"\0").strip() + b"\n"
    with open(out, "wb") as file:
        file.write(result)
