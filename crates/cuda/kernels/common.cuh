// What all kernels share, and what lets one source run in two places: NVRTC compiles it for a GPU, and a C++ compiler for
// the processor, where tests run every kernel without a GPU (crates/cuda/emulator).
//
// A kernel is a sequence of phases. Within a phase the threads of a block run in any order; a phase ends when all of them are
// through. On the GPU that is a barrier, on the processor a loop over the threads. Nothing but shared memory and what is the same for
// all threads may live from one phase to the next.
#pragma once

typedef unsigned int u32;
typedef unsigned long long u64;
typedef unsigned short u16;
typedef unsigned char u8;

// Threads of every block.
constexpr u32 THREADS = 256;
constexpr u32 LANES = 32;
constexpr u32 WARPS = THREADS / LANES;

#ifdef __CUDACC_RTC__

#define KERNEL extern "C" __global__ void __launch_bounds__(THREADS)
#define DEVICE __device__ __forceinline__
#define SHARED __shared__
#define PHASE for (u32 thread = threadIdx.x, phase_ = 1; phase_; phase_ = 0, __syncthreads())

DEVICE u32 bits_of(float x) { return __float_as_uint(x); }
DEVICE float from_bits(u32 x) { return __uint_as_float(x); }
DEVICE void turn(float angle, float& sine, float& cosine) { sincosf(angle, &sine, &cosine); }
DEVICE void turn(double angle, double& sine, double& cosine) { sincos(angle, &sine, &cosine); }
DEVICE u32 add(u32& to, u32 by) { return atomicAdd(&to, by); }
DEVICE float from_half(u16 x) {
  float out;
  asm("cvt.f32.f16 %0, %1;" : "=f"(out) : "h"(x));
  return out;
}

#else

#include "host.h"

#endif

// The place of this block's thread in a grid of one dimension.
DEVICE u64 place(u32 thread) { return (u64)blockIdx.x * THREADS + thread; }
