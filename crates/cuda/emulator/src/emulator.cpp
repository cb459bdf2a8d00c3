// The kernels as functions of the processor, called as the driver calls them: a grid and pointers to the arguments.

#include "common.cuh"

#include <cstddef>
#include <utility>

thread_local Index blockIdx;
thread_local Index gridDim;
thread_local bool backwards;

namespace rerank {
#include "rerank.cu"
}
namespace pq {
#include "pq.cu"
}
namespace heat {
#include "heat.cu"
}

namespace {

template <class... A, std::size_t... I>
void call(void (*kernel)(A...), void** arguments, std::index_sequence<I...>) {
  kernel(*static_cast<A*>(arguments[I])...);
}

template <class... A>
void run(void (*kernel)(A...), const u32* blocks, bool reversed, void** arguments) {
  backwards = reversed;
  gridDim = {blocks[0], blocks[1], blocks[2]};
  for (u32 z = 0; z < blocks[2]; ++z) {
    for (u32 y = 0; y < blocks[1]; ++y) {
      for (u32 x = 0; x < blocks[0]; ++x) {
        blockIdx = {x, y, z};
        call(kernel, arguments, std::index_sequence_for<A...>{});
      }
    }
  }
}

}  // namespace

#define CALLED(SPACE, NAME) \
  extern "C" void emulate_##NAME(const u32* blocks, bool reversed, void** arguments) { run(SPACE::NAME, blocks, reversed, arguments); }

CALLED(rerank, rerank_f32)
CALLED(rerank, rerank_f16)
CALLED(rerank, rerank_u8)
CALLED(pq, pq_tables)
CALLED(pq, pq_scan)
CALLED(pq, pq_select)
CALLED(heat, heat_start_f32)
CALLED(heat, heat_start_f64)
CALLED(heat, heat_step_f32)
CALLED(heat, heat_step_f64)
CALLED(heat, heat_characteristic_f32)
CALLED(heat, heat_characteristic_f64)
CALLED(heat, heat_sum)
