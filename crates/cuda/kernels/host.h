// The kernels' world on a processor; see common.cuh.
#pragma once

#include <cmath>
#include <cstring>

struct Index {
  u32 x, y, z;
};

// Of the block that runs.
extern thread_local Index blockIdx;
extern thread_local Index gridDim;
// Whether threads run from the last to the first: what depends on their order shows when both orders are tried.
extern thread_local bool backwards;

#define KERNEL static void
#define DEVICE static inline
#define SHARED static thread_local
#define PHASE \
  for (u32 phase_ = 0, thread = backwards ? THREADS - 1 : 0; phase_ < THREADS; ++phase_, thread = backwards ? THREADS - 1 - phase_ : phase_)

DEVICE u32 bits_of(float x) {
  u32 out;
  std::memcpy(&out, &x, sizeof out);
  return out;
}
DEVICE float from_bits(u32 x) {
  float out;
  std::memcpy(&out, &x, sizeof out);
  return out;
}
template <class T>
DEVICE void turn(T angle, T& sine, T& cosine) {
  sine = std::sin(angle);
  cosine = std::cos(angle);
}
DEVICE u32 add(u32& to, u32 by) {
  const u32 before = to;
  to += by;
  return before;
}
DEVICE float from_half(u16 x) {
  const u32 exponent = x >> 10 & 31, fraction = x & 1023;
  const float size = exponent == 0    ? std::ldexp((float)fraction, -24)
                     : exponent == 31 ? (fraction == 0 ? INFINITY : NAN)
                                      : std::ldexp((float)(fraction | 1024), (int)exponent - 25);
  return x >> 15 ? -size : size;
}
