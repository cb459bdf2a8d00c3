//! Terms and their numbers. Each name is stored once; a term without documents is forgotten.

use crate::memory::allocated;
use crate::postings::{Bound, List};
use hashbrown::{DefaultHashBuilder, HashTable};
use std::hash::BuildHasher;

/// A term with its postings.
#[derive(Debug)]
pub(crate) struct Term {
    /// Empty when the number is free.
    pub(crate) name: Box<str>,
    pub(crate) list: List,
    /// Number of documents that hold it.
    pub(crate) documents: u32,
}

/// The vocabulary.
pub(crate) struct Dictionary {
    terms: Vec<Term>,
    numbers: HashTable<u32>,
    free: Vec<u32>,
    /// Random for each index, so that nobody can prepare texts whose terms collide.
    hasher: DefaultHashBuilder,
}

impl Dictionary {
    pub(crate) fn with_capacity(terms: usize) -> Self {
        let hasher = DefaultHashBuilder::default();
        Self { terms: Vec::with_capacity(terms), numbers: HashTable::with_capacity(terms), free: Vec::new(), hasher }
    }

    fn hash(&self, name: &str) -> u64 {
        self.hasher.hash_one(name)
    }

    /// The number of a known term.
    pub(crate) fn find(&self, name: &str) -> Option<u32> {
        self.numbers.find(self.hash(name), |&id| *self.terms[id as usize].name == *name).copied()
    }

    /// The number of a term, known or new.
    pub(crate) fn intern(&mut self, name: &str) -> u32 {
        debug_assert!(!name.is_empty());
        if let Some(id) = self.find(name) {
            return id;
        }
        let id = match self.free.pop() {
            Some(id) => id,
            None => {
                self.terms.push(Term { name: Box::default(), list: List::EMPTY, documents: 0 });
                u32::try_from(self.terms.len() - 1).expect("4 billion distinct terms don't fit in memory")
            }
        };
        self.terms[id as usize].name = name.into();
        self.link(id);
        id
    }

    fn link(&mut self, id: u32) {
        let Self { terms, numbers, hasher, .. } = self;
        let hash = |&id: &u32| hasher.hash_one(&*terms[id as usize].name);
        numbers.insert_unique(hash(&id), id, hash);
    }

    /// Appends a term read from a snapshot; `false` when its name was there before.
    pub(crate) fn restore(&mut self, term: Term) -> bool {
        let id = self.terms.len() as u32;
        if term.name.is_empty() {
            self.free.push(id);
            self.terms.push(term);
            return true;
        }
        if self.find(&term.name).is_some() {
            return false;
        }
        self.terms.push(term);
        self.link(id);
        true
    }

    /// Takes a document's posting out of a term.
    pub(crate) fn take_out(&mut self, id: u32, slot: u32, bound: &impl Bound) {
        let term = &mut self.terms[id as usize];
        if term.list.remove(slot, bound) {
            term.documents -= 1;
        }
        self.forget_if_unused(id);
    }

    /// Forgets a term that no document holds any more.
    fn forget_if_unused(&mut self, id: u32) {
        if self.terms[id as usize].documents > 0 {
            return;
        }
        let hash = self.hash(&self.terms[id as usize].name);
        if let Ok(entry) = self.numbers.find_entry(hash, |&other| other == id) {
            entry.remove();
            let term = &mut self.terms[id as usize];
            term.name = Box::default();
            term.list = List::EMPTY;
            self.free.push(id);
        }
    }

    pub(crate) fn term(&self, id: u32) -> &Term {
        &self.terms[id as usize]
    }
    pub(crate) fn term_mut(&mut self, id: u32) -> &mut Term {
        &mut self.terms[id as usize]
    }
    /// All numbers, free ones included.
    pub(crate) fn terms(&self) -> &[Term] {
        &self.terms
    }
    pub(crate) fn terms_mut(&mut self) -> &mut [Term] {
        &mut self.terms
    }
    /// Number of terms that documents hold.
    pub(crate) fn len(&self) -> usize {
        self.numbers.len()
    }

    pub(crate) fn heap_bytes(&self) -> usize {
        let of_terms: usize = self.terms.iter().map(|term| allocated(term.name.len()) + term.list.heap_bytes()).sum();
        of_terms
            + allocated(self.terms.capacity() * size_of::<Term>())
            + self.numbers.allocation_size()
            + allocated(self.free.capacity() * size_of::<u32>())
    }
}
