//! Vectors that are indexed by an id of their own, and ranges within vectors.

use std::marker::PhantomData;
use std::ops::{Index, IndexMut};

/// A number that a [`IndexVec`] gave out.
pub(crate) trait Id: Copy {
    /// Makes the id of an index.
    fn new(index: usize) -> Self;

    /// Returns the index.
    fn index(self) -> usize;
}

/// Declares ids of 32 bits.
macro_rules! id {
    ($(#[$doc:meta])* $visibility:vis $name:ident) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        $visibility struct $name(u32);

        impl $crate::index_vec::Id for $name {
            fn new(index: usize) -> Self {
                Self(u32::try_from(index).expect("the builder bounds every count far below 2^32"))
            }

            fn index(self) -> usize {
                self.0 as usize
            }
        }
    };
}
pub(crate) use id;

/// A vector that is asked by the ids it gave out.
#[derive(Debug, Clone)]
pub(crate) struct IndexVec<K, V> {
    values: Vec<V>,
    key: PhantomData<K>,
}

impl<K: Id, V> IndexVec<K, V> {
    /// Makes an empty one.
    pub(crate) fn new() -> Self {
        Self::from(Vec::new())
    }

    /// Makes one of `length` equal values.
    pub(crate) fn filled(length: usize, value: V) -> Self
    where
        V: Clone,
    {
        Self::from(vec![value; length])
    }

    /// Adds a value and returns its id.
    pub(crate) fn push(&mut self, value: V) -> K {
        self.values.push(value);
        K::new(self.values.len() - 1)
    }

    /// Returns how many there are.
    pub(crate) fn len(&self) -> usize {
        self.values.len()
    }

    /// Returns all values, in the order of their ids.
    pub(crate) fn values(&self) -> impl Iterator<Item = &V> {
        self.values.iter()
    }

    /// Returns all ids, in order.
    pub(crate) fn ids(&self) -> impl DoubleEndedIterator<Item = K> + use<K, V> {
        (0..self.values.len()).map(K::new)
    }
}

impl<K, V> From<Vec<V>> for IndexVec<K, V> {
    fn from(values: Vec<V>) -> Self {
        Self {
            values,
            key: PhantomData,
        }
    }
}

impl<K: Id, V> Index<K> for IndexVec<K, V> {
    type Output = V;

    #[expect(
        clippy::indexing_slicing,
        reason = "an id is made by the table that holds what it names"
    )]
    fn index(&self, id: K) -> &V {
        &self.values[id.index()]
    }
}

impl<K: Id, V> IndexMut<K> for IndexVec<K, V> {
    #[expect(
        clippy::indexing_slicing,
        reason = "an id is made by the table that holds what it names"
    )]
    fn index_mut(&mut self, id: K) -> &mut V {
        &mut self.values[id.index()]
    }
}

/// What is noted of ids, most of which are small numbers: one place for each, without hashing.
#[derive(Debug, Clone)]
pub(crate) struct Notes<K, V> {
    values: Vec<V>,
    key: PhantomData<K>,
}

impl<K: Id, V: Copy + Default + PartialEq> Notes<K, V> {
    /// Notes nothing.
    pub(crate) fn new() -> Self {
        Self {
            values: Vec::new(),
            key: PhantomData,
        }
    }

    /// Returns what is noted of an id; the default where nothing is.
    pub(crate) fn get(&self, id: K) -> V {
        self.values.get(id.index()).copied().unwrap_or_default()
    }

    /// Notes something, and returns what was noted before.
    pub(crate) fn set(&mut self, id: K, value: V) -> V {
        let index = id.index();
        if self.values.len() <= index {
            self.values.resize(index + 1, V::default());
        }
        let place = self.values.get_mut(index).expect("it was made long enough");
        std::mem::replace(place, value)
    }
}

/// A run of neighbours in a vector.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Span {
    start: u32,
    length: u32,
}

impl Span {
    /// Adds values at the end of a vector and returns where they are.
    pub(crate) fn push<T>(vector: &mut Vec<T>, values: impl IntoIterator<Item = T>) -> Self {
        let start = vector.len();
        vector.extend(values);
        Self::between(start, vector.len())
    }

    /// Makes the span from one index to another.
    pub(crate) fn between(start: usize, end: usize) -> Self {
        let number =
            |count: usize| u32::try_from(count).expect("the builder bounds every count far below 2^32");
        Self {
            start: number(start),
            length: number(end - start),
        }
    }

    /// Returns where it begins and how long it is.
    pub(crate) fn words(self) -> [u32; 2] {
        [self.start, self.length]
    }

    /// Makes it of these again.
    pub(crate) fn from_words(start: u32, length: u32) -> Self {
        Self { start, length }
    }

    /// Says whether it lies within a vector.
    pub(crate) fn is_of<T>(self, vector: &[T]) -> bool {
        vector.get(self.range()).is_some()
    }

    /// Says whether it lies within a text, and begins and ends between characters.
    pub(crate) fn is_of_text(self, text: &str) -> bool {
        text.get(self.range()).is_some()
    }

    /// Returns the run.
    pub(crate) fn of<T>(self, vector: &[T]) -> &[T] {
        vector
            .get(self.range())
            .expect("a span is used with the vector it was made for")
    }

    /// Returns the run as text.
    pub(crate) fn text(self, text: &str) -> &str {
        text.get(self.range())
            .expect("a span is used with the text it was made for")
    }

    /// Returns the indexes.
    pub(crate) fn range(self) -> std::ops::Range<usize> {
        let start = self.start as usize;
        start..start.saturating_add(self.length as usize)
    }
}
