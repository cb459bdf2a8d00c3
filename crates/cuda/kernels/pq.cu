// Product quantisation: tables of distances, and the scan of 4-bit codes that keeps the best (Jégou, Douze and Schmid 2011).

#include "common.cuh"

namespace {

constexpr u32 ENTRIES = 16;
// Vectors of a block of codes, and bytes of one part of it: vector i has the low half of byte i for i < 16, the high half of byte i - 16 otherwise.
constexpr u32 BLOCK = 32, PART = 16;
constexpr u32 MAX_PARTS = 256;
// Candidates that one block chooses from; as in the wrapper: pq.rs.
constexpr u32 CHUNK = 2048;
constexpr u32 DIGITS = 256, GROUP = 16;
// Of what may not be found: behind everything.
constexpr u32 LAST = 0xffffffff;

// Numbers whose order is that of the floats.
DEVICE u32 key_of(float x) {
  const u32 bits = bits_of(x);
  return bits & 0x80000000 ? ~bits : bits | 0x80000000;
}
DEVICE float of_key(u32 key) { return from_bits(key & 0x80000000 ? key & 0x7fffffff : ~key); }

struct Choice {
  u32 keys[CHUNK];
  u32 ids[CHUNK];
  u32 bins[DIGITS];
  u32 groups[DIGITS / GROUP];
  // The leading digits of the last one that is chosen, and how many digits are known.
  u64 prefix;
  u32 known;
  // How many are still to be chosen among those with these leading digits.
  u32 left;
  u32 done;
  u32 taken;
};

DEVICE u64 whole(const Choice& choice, u32 i) { return (u64)choice.keys[i] << 32 | choice.ids[i]; }

// Writes the `wanted` smallest of `count` by (key, id), in any order: radix selection, digit by digit from the highest. Ids differ, so the
// choice doesn't depend on the order in which threads come.
DEVICE void choose(Choice& choice, u32 count, u32 wanted, float* distances, u32* ids) {
  PHASE {
    if (thread == 0) {
      choice.prefix = 0;
      choice.known = 0;
      choice.left = wanted;
      choice.done = wanted >= count;
      choice.taken = 0;
    }
  }
  while (!choice.done && choice.known < 8) {
    PHASE {
      for (u32 i = thread; i < DIGITS; i += THREADS) choice.bins[i] = 0;
    }
    PHASE {
      const u32 known = choice.known;
      for (u32 i = thread; i < count; i += THREADS) {
        const u64 all = whole(choice, i);
        if (known == 0 || all >> (64 - 8 * known) == choice.prefix) add(choice.bins[all >> (56 - 8 * known) & 255], 1);
      }
    }
    PHASE {
      if (thread < DIGITS / GROUP) {
        u32 sum = 0;
        for (u32 i = 0; i < GROUP; ++i) sum += choice.bins[thread * GROUP + i];
        choice.groups[thread] = sum;
      }
    }
    PHASE {
      if (thread == 0) {
        u32 left = choice.left, group = 0;
        while (choice.groups[group] < left) left -= choice.groups[group++];
        u32 digit = group * GROUP;
        while (choice.bins[digit] < left) left -= choice.bins[digit++];
        choice.prefix = choice.prefix << 8 | digit;
        choice.known += 1;
        choice.left = left;
        choice.done = choice.bins[digit] == left;
      }
    }
  }
  PHASE {
    const u32 known = choice.known;
    for (u32 i = thread; i < count; i += THREADS) {
      if (known == 0 || whole(choice, i) >> (64 - 8 * known) <= choice.prefix) {
        const u32 at = add(choice.taken, 1);
        // Equal ids, which the wrapper refuses, would be more than there is room for.
        if (at < wanted) {
          distances[at] = of_key(choice.keys[i]);
          ids[at] = choice.ids[i];
        }
      }
    }
  }
}

}  // namespace

// The squared distances of a query, seen from a list's centre, from every entry of every part: one block a pair (query, list). All are rotated.
// Parts beyond `parts` are 0.
KERNEL pq_tables(const float* queries, const float* centres, const float* books, const u32* pairs, u32 parts, u32 padded, u32 width,
                 float* tables) {
  const u64 full = (u64)parts * width;
  const float* query = queries + pairs[2ULL * blockIdx.x] * full;
  const float* centre = centres + pairs[2ULL * blockIdx.x + 1] * full;
  float* table = tables + (u64)blockIdx.x * padded * ENTRIES;
  PHASE {
    for (u32 i = thread; i < padded * ENTRIES; i += THREADS) {
      const u32 part = i / ENTRIES;
      float sum = 0;
      if (part < parts) {
        for (u32 w = 0; w < width; ++w) {
          const float apart = books[(u64)i * width + w] - (query[part * width + w] - centre[part * width + w]);
          sum += apart * apart;
        }
      }
      table[i] = sum;
    }
  }
}

// A block sums the tables' entries for up to CHUNK vectors of one list and writes the `min(k, count)` nearest, in any order:
// item = (pair, first block of codes, count, first place in the output). `mask` has a bit for each id that may be found, `words` words of them; 0 words
// mean all. What may not be found comes last, with a distance that is no number.
KERNEL pq_scan(const float* tables, const u8* codes, const u32* all_ids, const u32* items, const u32* mask, u32 words, u32 parts,
               u32 padded, u32 k, float* distances, u32* ids) {
  SHARED float table[MAX_PARTS * ENTRIES];
  SHARED Choice choice;
  const u32* item = items + 4ULL * blockIdx.x;
  const u64 first = item[1];
  const u32 count = item[2], to = item[3];
  PHASE {
    const float* from = tables + (u64)item[0] * padded * ENTRIES;
    for (u32 i = thread; i < parts * ENTRIES; i += THREADS) table[i] = from[i];
  }
  PHASE {
    for (u32 i = thread; i < count; i += THREADS) {
      const u32 id = all_ids[first * BLOCK + i];
      const u32 lane = i % BLOCK, shift = lane / PART * 4;
      const u8* from = codes + (first + i / BLOCK) * padded * PART + lane % PART;
      float sum = 0;
#pragma unroll 8
      for (u32 part = 0; part < parts; ++part) sum += table[part * ENTRIES + (from[part * PART] >> shift & 15)];
      const bool found = words == 0 || (id / 32 < words && mask[id / 32] >> (id % 32) & 1);
      choice.keys[i] = found ? key_of(sum) : LAST;
      choice.ids[i] = id;
    }
  }
  choose(choice, count, k < count ? k : count, distances + to, ids + to);
}

// A block writes the `min(k, count)` nearest of up to CHUNK found before: item = (first, count, first place in the output).
KERNEL pq_select(const float* from_distances, const u32* from_ids, const u32* items, u32 k, float* distances, u32* ids) {
  SHARED Choice choice;
  const u32* item = items + 3ULL * blockIdx.x;
  const u32 first = item[0], count = item[1], to = item[2];
  PHASE {
    for (u32 i = thread; i < count; i += THREADS) {
      choice.keys[i] = key_of(from_distances[first + i]);
      choice.ids[i] = from_ids[first + i];
    }
  }
  choose(choice, count, k < count ? k : count, distances + to, ids + to);
}
