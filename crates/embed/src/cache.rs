//! Vectors of texts that were embedded before.

use parking_lot::Mutex;
use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, Instant};
use xxhash_rust::xxh3::{Xxh3, xxh3_128};

/// What a cached entry costs beside its values: the map's slot, the list's links, the allocation's head.
const ENTRY_BYTES: usize = 128;
/// No neighbour in the list.
const NONE: usize = usize::MAX;

/// A cache of vectors, bounded in bytes, that drops the least recently used first and forgets after a time to live.
///
/// The key is a 128-bit hash of the model's digest and the text, so that an entry can't outlive what it was made of: a changed text or model
/// asks for another key. Two texts share a key with a probability of about 2⁻⁸⁸ among a million entries.
#[derive(Debug)]
pub struct EmbeddingCache {
    inner: Mutex<Inner>,
    max_bytes: usize,
    ttl: Duration,
}

/// How a cache has served so far.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct CacheStats {
    /// Lookups that found a vector.
    pub hits: u64,
    /// Lookups that didn't.
    pub misses: u64,
    /// Entries held.
    pub entries: usize,
    /// Bytes held, overhead included.
    pub bytes: usize,
}

/// Entries in a slab, linked from the most to the least recently used.
#[derive(Debug)]
struct Inner {
    by_key: HashMap<u128, usize>,
    slab: Vec<Entry>,
    free: Vec<usize>,
    newest: usize,
    oldest: usize,
    stats: CacheStats,
}

#[derive(Debug)]
struct Entry {
    key: u128,
    vector: Option<Arc<[f32]>>,
    stored: Instant,
    newer: usize,
    older: usize,
}

impl EmbeddingCache {
    /// A cache of at most `max_bytes`, entries of which are forgotten `ttl` after they were stored.
    pub fn new(max_bytes: usize, ttl: Duration) -> Self {
        let inner = Inner {
            by_key: HashMap::new(),
            slab: Vec::new(),
            free: Vec::new(),
            newest: NONE,
            oldest: NONE,
            stats: CacheStats::default(),
        };
        Self { inner: Mutex::new(inner), max_bytes, ttl }
    }

    /// The vector of `text` by the model with this digest, if it is cached and fresh.
    pub fn get(&self, digest: &str, text: &str) -> Option<Arc<[f32]>> {
        self.get_at(digest, text, Instant::now())
    }

    /// Stores the vector of `text` by the model with this digest. A vector larger than the whole cache isn't stored.
    pub fn put(&self, digest: &str, text: &str, vector: &[f32]) {
        self.put_at(digest, text, vector, Instant::now());
    }

    /// Forgets everything.
    pub fn clear(&self) {
        let mut inner = self.inner.lock();
        let CacheStats { hits, misses, .. } = inner.stats;
        *inner = Inner {
            by_key: HashMap::new(),
            slab: Vec::new(),
            free: Vec::new(),
            newest: NONE,
            oldest: NONE,
            stats: CacheStats { hits, misses, ..CacheStats::default() },
        };
    }

    /// How the cache has served, and what it holds.
    pub fn stats(&self) -> CacheStats {
        self.inner.lock().stats
    }

    fn get_at(&self, digest: &str, text: &str, now: Instant) -> Option<Arc<[f32]>> {
        let key = key(digest, text);
        let mut inner = self.inner.lock();
        let found = inner.by_key.get(&key).copied();
        match found {
            Some(at) if now.saturating_duration_since(inner.slab[at].stored) < self.ttl => {
                inner.stats.hits += 1;
                inner.unlink(at);
                inner.link_newest(at);
                inner.slab[at].vector.clone()
            }
            stale => {
                inner.stats.misses += 1;
                if let Some(at) = stale {
                    inner.remove(at);
                }
                None
            }
        }
    }

    fn put_at(&self, digest: &str, text: &str, vector: &[f32], now: Instant) {
        let key = key(digest, text);
        let bytes = cost(vector.len());
        let mut inner = self.inner.lock();
        if let Some(&at) = inner.by_key.get(&key) {
            inner.remove(at);
        }
        if bytes > self.max_bytes {
            return;
        }
        while inner.stats.bytes + bytes > self.max_bytes {
            let oldest = inner.oldest;
            inner.remove(oldest);
        }
        inner.insert(key, vector.into(), now);
    }
}

impl Inner {
    fn insert(&mut self, key: u128, vector: Arc<[f32]>, now: Instant) {
        self.stats.bytes += cost(vector.len());
        self.stats.entries += 1;
        let entry = Entry { key, vector: Some(vector), stored: now, newer: NONE, older: NONE };
        let at = match self.free.pop() {
            Some(at) => {
                self.slab[at] = entry;
                at
            }
            None => {
                self.slab.push(entry);
                self.slab.len() - 1
            }
        };
        self.by_key.insert(key, at);
        self.link_newest(at);
    }

    fn remove(&mut self, at: usize) {
        self.unlink(at);
        let entry = &mut self.slab[at];
        let length = entry.vector.take().map_or(0, |vector| vector.len());
        let key = entry.key;
        self.by_key.remove(&key);
        self.free.push(at);
        self.stats.bytes -= cost(length);
        self.stats.entries -= 1;
    }

    fn unlink(&mut self, at: usize) {
        let (newer, older) = (self.slab[at].newer, self.slab[at].older);
        match newer {
            NONE => self.newest = older,
            newer => self.slab[newer].older = older,
        }
        match older {
            NONE => self.oldest = newer,
            older => self.slab[older].newer = newer,
        }
    }

    fn link_newest(&mut self, at: usize) {
        let second = std::mem::replace(&mut self.newest, at);
        (self.slab[at].newer, self.slab[at].older) = (NONE, second);
        match second {
            NONE => self.oldest = at,
            second => self.slab[second].newer = at,
        }
    }
}

fn cost(values: usize) -> usize {
    values * size_of::<f32>() + ENTRY_BYTES
}

/// The digest's length goes in first, so that no digest and text run together as another pair would.
fn key(digest: &str, text: &str) -> u128 {
    let mut hash = Xxh3::new();
    hash.update(&(digest.len() as u64).to_le_bytes());
    hash.update(digest.as_bytes());
    hash.update(&xxh3_128(text.as_bytes()).to_le_bytes());
    hash.digest128()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const TTL: Duration = Duration::from_secs(10);

    #[test]
    fn model_and_text_make_the_key() {
        let cache = EmbeddingCache::new(1 << 20, TTL);
        cache.put("a", "text", &[1.0]);
        assert_eq!(cache.get("a", "text").as_deref(), Some(&[1.0][..]));
        assert_eq!(cache.get("b", "text"), None);
        assert_eq!(cache.get("a", "text "), None);
        assert_ne!(key("ab", "c"), key("a", "bc"));
        cache.put("a", "text", &[2.0]);
        assert_eq!(cache.get("a", "text").as_deref(), Some(&[2.0][..]));
        assert_eq!(cache.stats(), CacheStats { hits: 2, misses: 2, entries: 1, bytes: cost(1) });
        cache.clear();
        assert_eq!(cache.get("a", "text"), None);
    }

    #[test]
    fn entries_die_of_age() {
        let cache = EmbeddingCache::new(1 << 20, TTL);
        let start = Instant::now();
        cache.put_at("m", "t", &[1.0], start);
        // A hit makes an entry recent, not young.
        assert!(cache.get_at("m", "t", start + TTL / 2).is_some());
        assert!(cache.get_at("m", "t", start + TTL).is_none());
        assert_eq!(cache.stats().bytes, 0);
    }

    proptest! {
        #[test]
        fn behaves_like_a_list_of_recent_entries(steps in prop::collection::vec((0_u8..12, any::<bool>()), 0..300)) {
            let room = 5;
            let cache = EmbeddingCache::new(room * cost(1) + 7, TTL);
            let mut model: Vec<(u8, f32)> = Vec::new();
            for (step, &(text, store)) in steps.iter().enumerate() {
                let name = text.to_string();
                let at = model.iter().position(|entry| entry.0 == text);
                if store {
                    let value = step as f32;
                    cache.put("m", &name, &[value]);
                    at.map(|at| model.remove(at));
                    model.push((text, value));
                    if model.len() > room {
                        model.remove(0);
                    }
                } else {
                    let expected = at.map(|at| model.remove(at));
                    model.extend(expected);
                    prop_assert_eq!(cache.get("m", &name).map(|v| v[0]), expected.map(|e| e.1));
                }
                prop_assert_eq!(cache.stats().entries, model.len());
                prop_assert!(cache.stats().bytes <= room * cost(1) + 7);
            }
        }
    }
}
