// Exact scores of lists of candidates.

#include "common.cuh"

namespace {

// As in the wrapper: rerank.rs.
constexpr u32 L2 = 0, DOT = 1, COSINE = 2;
// Candidates of a block: each warp takes every eighth.
constexpr u32 TILE = 32;

DEVICE float value(const float* rows, u64 at) { return rows[at]; }
DEVICE float value(const u16* rows, u64 at) { return from_half(rows[at]); }
DEVICE float value(const u8* rows, u64 at) { return (float)rows[at]; }

// A block scores the candidates `positions[first .. first + count]` of one query: item = (query, first, count).
//
// Lanes read a row side by side and leave their sums in shared memory, which one thread a candidate adds up in a fixed order: no shuffles, and
// the same bits at every run. Rows of the table are one longer than a warp, so that adding up meets no bank twice.
template <class T>
DEVICE void score(const float* queries, const float* inverse_norms, const T* rows, u32 dim, u32 metric, const u32* items,
                  const u32* positions, float* scores) {
  SHARED float products[TILE][LANES + 1];
  SHARED float squares[TILE][LANES + 1];
  const u32* item = items + 3ULL * blockIdx.x;
  const u32 first = item[1], count = item[2];
  const float* query = queries + (u64)item[0] * dim;
  PHASE {
    const u32 lane = thread % LANES;
    for (u32 candidate = thread / LANES; candidate < count; candidate += WARPS) {
      const u64 row = (u64)positions[first + candidate] * dim;
      float product = 0, square = 0;
      if (metric == L2) {
#pragma unroll 4
        for (u32 i = lane; i < dim; i += LANES) {
          const float apart = query[i] - value(rows, row + i);
          product += apart * apart;
        }
      } else if (metric == DOT) {
#pragma unroll 4
        for (u32 i = lane; i < dim; i += LANES) product += query[i] * value(rows, row + i);
      } else {
#pragma unroll 4
        for (u32 i = lane; i < dim; i += LANES) {
          const float x = value(rows, row + i);
          product += query[i] * x;
          square += x * x;
        }
      }
      products[candidate][lane] = product;
      squares[candidate][lane] = square;
    }
  }
  PHASE {
    if (thread < count) {
      float product = 0, square = 0;
      for (u32 lane = 0; lane < LANES; ++lane) {
        product += products[thread][lane];
        square += squares[thread][lane];
      }
      if (metric == L2) product = -product;
      if (metric == COSINE) {
        product *= inverse_norms[item[0]] / sqrtf(square);
        // Rounding can carry a cosine a few steps past 1. What is no number stays none.
        if (product > 1) product = 1;
        if (product < -1) product = -1;
      }
      scores[first + thread] = product;
    }
  }
}

}  // namespace

KERNEL rerank_f32(const float* queries, const float* inverse_norms, const float* rows, u32 dim, u32 metric, const u32* items,
                  const u32* positions, float* scores) {
  score(queries, inverse_norms, rows, dim, metric, items, positions, scores);
}

KERNEL rerank_f16(const float* queries, const float* inverse_norms, const u16* rows, u32 dim, u32 metric, const u32* items,
                  const u32* positions, float* scores) {
  score(queries, inverse_norms, rows, dim, metric, items, positions, scores);
}

KERNEL rerank_u8(const float* queries, const float* inverse_norms, const u8* rows, u32 dim, u32 metric, const u32* items,
                 const u32* positions, float* scores) {
  score(queries, inverse_norms, rows, dim, metric, items, positions, scores);
}
