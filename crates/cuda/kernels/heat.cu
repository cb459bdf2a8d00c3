// GraphWave: heat spread by Chebyshev polynomials of a sparse operator, and its characteristic function (Donnat, Zitnik, Hallac and Leskovec, KDD 2018).
//
// A block of `width` columns stands in rows of `width` values, so that neighbouring threads read neighbouring columns.

#include "common.cuh"

namespace {

// The column of a thread where a grid is (row, 256 columns): no division, and a block reads one row of the operator.
DEVICE u32 lane_of(u32 thread) { return blockIdx.y * THREADS + thread; }

// The zeroth term: `now` is the unit columns, `heat` of each scale its first coefficient of them.
template <class T>
DEVICE void start(const u32* columns, const T* factors, u32 nodes, u32 width, u32 scales, T* now, T* before, T* heat) {
  const u64 size = (u64)nodes * width;
  PHASE {
    const u32 lane = lane_of(thread);
    if (lane < width) {
      const u64 at = (u64)blockIdx.x * width + lane;
      const T unit = columns[lane] == blockIdx.x ? 1 : 0;
      now[at] = unit;
      before[at] = 0;
      for (u32 scale = 0; scale < scales; ++scale) heat[scale * size + at] = factors[scale] * unit;
    }
  }
}

// `before = share * 2 y now - before`, where `2 y` has the rows given; the heat of each scale gains its factor of that. The first step has a
// share of ½, since T_1 = y T_0.
template <class T>
DEVICE void step(const u64* offsets, const u32* targets, const T* weights, const T* diagonal, const T* factors, T share, u32 nodes,
                 u32 width, u32 scales, const T* now, T* before, T* heat) {
  const u64 size = (u64)nodes * width;
  const u32 row = blockIdx.x;
  const u64 end = offsets[row + 1];
  PHASE {
    const u32 lane = lane_of(thread);
    if (lane < width) {
      const u64 at = (u64)row * width + lane;
      T sum = diagonal[row] * now[at];
#pragma unroll 8
      for (u64 edge = offsets[row]; edge < end; ++edge) sum += weights[edge] * now[(u64)targets[edge] * width + lane];
      sum = share * sum - before[at];
      before[at] = sum;
      for (u32 scale = 0; scale < scales; ++scale) heat[scale * size + at] += factors[scale] * sum;
    }
  }
}

// Sums of cos(t x) and sin(t x) over `rows` rows of a column at one point: grid (column and point, part of the rows, scale). Entries that are 0
// count in closed form. Sums are in double precision whatever the heat is in.
template <class T>
DEVICE void characteristic(const T* heat, u32 nodes, u32 width, u32 points, T spacing, u32 rows, double* partial) {
  PHASE {
    const u64 at = place(thread);
    if (at < (u64)width * points) {
      const u64 column = at / points;
      const T t = spacing * (T)(at % points);
      const T* from = heat + (u64)blockIdx.z * nodes * width + column;
      const u64 start = (u64)blockIdx.y * rows;
      const u64 end = start + rows < nodes ? start + rows : nodes;
      double real = 0, imaginary = 0;
      u32 zeros = 0;
      for (u64 row = start; row < end; ++row) {
        const T x = from[row * width];
        if (x == 0) {
          ++zeros;
        } else {
          T sine, cosine;
          turn(t * x, sine, cosine);
          real += cosine;
          imaginary += sine;
        }
      }
      const u64 to = 2 * (((u64)blockIdx.z * gridDim.y + blockIdx.y) * width * points + at);
      partial[to] = real + zeros;
      partial[to + 1] = imaginary;
    }
  }
}

}  // namespace

#define HEAT(TYPE, NAME)                                                                                                              \
  KERNEL heat_start_##NAME(const u32* columns, const TYPE* factors, u32 nodes, u32 width, u32 scales, TYPE* now, TYPE* before,        \
                           TYPE* heat) {                                                                                              \
    start<TYPE>(columns, factors, nodes, width, scales, now, before, heat);                                                           \
  }                                                                                                                                   \
  KERNEL heat_step_##NAME(const u64* offsets, const u32* targets, const TYPE* weights, const TYPE* diagonal, const TYPE* factors,     \
                          TYPE share, u32 nodes, u32 width, u32 scales, const TYPE* now, TYPE* before, TYPE* heat) {                  \
    step<TYPE>(offsets, targets, weights, diagonal, factors, share, nodes, width, scales, now, before, heat);                         \
  }                                                                                                                                   \
  KERNEL heat_characteristic_##NAME(const TYPE* heat, u32 nodes, u32 width, u32 points, TYPE spacing, u32 rows, double* partial) {    \
    characteristic<TYPE>(heat, nodes, width, points, spacing, rows, partial);                                                         \
  }

HEAT(float, f32)
HEAT(double, f64)

// Adds up the parts and divides by the number of nodes: a row a column, with scales, points, and real and imaginary parts in turn.
KERNEL heat_sum(const double* partial, u32 nodes, u32 width, u32 points, u32 scales, u32 parts, double* out) {
  PHASE {
    const u64 at = place(thread);
    const u64 plane = (u64)width * points;
    if (at < plane * scales) {
      const u64 scale = at / plane, column = at % plane / points, point = at % points;
      double real = 0, imaginary = 0;
      for (u32 part = 0; part < parts; ++part) {
        const u64 from = 2 * ((scale * parts + part) * plane + at % plane);
        real += partial[from];
        imaginary += partial[from + 1];
      }
      const u64 to = 2 * ((column * scales + scale) * points + point);
      out[to] = real / nodes;
      out[to + 1] = imaginary / nodes;
    }
  }
}
