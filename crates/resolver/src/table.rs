//! Vectors that are asked by an id of their own, and ranges of such.

use std::marker::PhantomData;
use std::ops::{Index, IndexMut};

/// A number that a [`Table`] gave out.
pub(crate) trait Id: Copy {
    /// Makes the id of a place.
    fn new(place: usize) -> Self;

    /// Returns the place.
    fn place(self) -> usize;
}

/// Declares ids of 32 bits.
macro_rules! id {
    ($(#[$doc:meta])* $visibility:vis $name:ident) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        $visibility struct $name(u32);

        impl $crate::table::Id for $name {
            fn new(place: usize) -> Self {
                // What is counted has its bound in the builder, far below.
                Self(u32::try_from(place).unwrap_or(u32::MAX))
            }

            fn place(self) -> usize {
                self.0 as usize
            }
        }
    };
}
pub(crate) use id;

/// A vector that is asked by the ids it gave out.
#[derive(Debug, Clone)]
pub(crate) struct Table<K, V> {
    values: Vec<V>,
    key: PhantomData<K>,
}

impl<K: Id, V> Table<K, V> {
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

    /// Returns all ids, in order.
    pub(crate) fn ids(&self) -> impl DoubleEndedIterator<Item = K> + use<K, V> {
        (0..self.values.len()).map(K::new)
    }
}

impl<K, V> From<Vec<V>> for Table<K, V> {
    fn from(values: Vec<V>) -> Self {
        Self {
            values,
            key: PhantomData,
        }
    }
}

impl<K: Id, V> Index<K> for Table<K, V> {
    type Output = V;

    #[expect(
        clippy::indexing_slicing,
        reason = "an id is made by the table that holds what it names"
    )]
    fn index(&self, id: K) -> &V {
        &self.values[id.place()]
    }
}

impl<K: Id, V> IndexMut<K> for Table<K, V> {
    #[expect(
        clippy::indexing_slicing,
        reason = "an id is made by the table that holds what it names"
    )]
    fn index_mut(&mut self, id: K) -> &mut V {
        &mut self.values[id.place()]
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

    /// Makes the span from one place to another.
    pub(crate) fn between(start: usize, end: usize) -> Self {
        let number = |count: usize| u32::try_from(count).unwrap_or(u32::MAX);
        Self {
            start: number(start),
            length: number(end.saturating_sub(start)),
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

    /// Returns the run; nothing where the vector is not the one it was made for.
    pub(crate) fn of<T>(self, vector: &[T]) -> &[T] {
        vector.get(self.range()).unwrap_or_default()
    }

    /// Returns the run as text.
    pub(crate) fn text(self, text: &str) -> &str {
        text.get(self.range()).unwrap_or_default()
    }

    /// Returns the places.
    pub(crate) fn range(self) -> std::ops::Range<usize> {
        let start = self.start as usize;
        start..start + self.length as usize
    }
}
