//! Hash maps and sets that iterate in the same order in every process, given the same inserts.
//!
//! They are those of the standard library with a hasher of fixed keys; all their methods are there
//! by `Deref`. With fixed keys an adversary who chooses the keys can make them slow: for data from
//! strangers take a `BTreeMap`.

use std::fmt;
use std::hash::{BuildHasherDefault, DefaultHasher, Hash};
use std::ops::{Deref, DerefMut};

use serde::{Deserialize, Deserializer, Serialize, Serializer};

type Fixed = BuildHasherDefault<DefaultHasher>;

mod std_with_fixed_keys {
    pub(super) type Map<K, V> = std::collections::HashMap<K, V, super::Fixed>;
    pub(super) type Set<T> = std::collections::HashSet<T, super::Fixed>;
}

use std_with_fixed_keys::{Map, Set};

/// A hash map that iterates in the same order in every process.
#[derive(Clone)]
pub struct HashMap<K, V>(Map<K, V>);

/// A hash set that iterates in the same order in every process.
#[derive(Clone)]
pub struct HashSet<T>(Set<T>);

impl<K, V> HashMap<K, V> {
    /// An empty map.
    #[must_use]
    pub fn new() -> Self {
        Self(Map::default())
    }

    /// An empty map with room for `capacity` entries.
    #[must_use]
    pub fn with_capacity(capacity: usize) -> Self {
        Self(Map::with_capacity_and_hasher(capacity, Fixed::default()))
    }

    /// The keys in the map's order.
    pub fn into_keys(self) -> impl Iterator<Item = K> {
        self.0.into_keys()
    }

    /// The values in the map's order.
    pub fn into_values(self) -> impl Iterator<Item = V> {
        self.0.into_values()
    }
}

impl<T> HashSet<T> {
    /// An empty set.
    #[must_use]
    pub fn new() -> Self {
        Self(Set::default())
    }

    /// An empty set with room for `capacity` elements.
    #[must_use]
    pub fn with_capacity(capacity: usize) -> Self {
        Self(Set::with_capacity_and_hasher(capacity, Fixed::default()))
    }
}

/// What both have in common; the last argument is the type of an item.
macro_rules! collection {
    ($name:ident<$($param:ident),+>, $inner:ty, $item:ty, $key:ident) => {
        impl<$($param),+> Default for $name<$($param),+> {
            fn default() -> Self {
                Self::new()
            }
        }

        impl<$($param),+> Deref for $name<$($param),+> {
            type Target = $inner;

            fn deref(&self) -> &Self::Target {
                &self.0
            }
        }

        impl<$($param),+> DerefMut for $name<$($param),+> {
            fn deref_mut(&mut self) -> &mut Self::Target {
                &mut self.0
            }
        }

        impl<$($param),+> FromIterator<$item> for $name<$($param),+>
        where
            $key: Eq + Hash,
        {
            fn from_iter<I: IntoIterator<Item = $item>>(items: I) -> Self {
                Self(items.into_iter().collect())
            }
        }

        impl<$($param,)+ const N: usize> From<[$item; N]> for $name<$($param),+>
        where
            $key: Eq + Hash,
        {
            fn from(items: [$item; N]) -> Self {
                items.into_iter().collect()
            }
        }

        impl<$($param),+> Extend<$item> for $name<$($param),+>
        where
            $key: Eq + Hash,
        {
            fn extend<I: IntoIterator<Item = $item>>(&mut self, items: I) {
                self.0.extend(items);
            }
        }

        impl<$($param),+> IntoIterator for $name<$($param),+> {
            type Item = $item;
            type IntoIter = <$inner as IntoIterator>::IntoIter;

            fn into_iter(self) -> Self::IntoIter {
                self.0.into_iter()
            }
        }

        impl<'a, $($param),+> IntoIterator for &'a $name<$($param),+> {
            type Item = <&'a $inner as IntoIterator>::Item;
            type IntoIter = <&'a $inner as IntoIterator>::IntoIter;

            fn into_iter(self) -> Self::IntoIter {
                self.0.iter()
            }
        }

        impl<$($param: fmt::Debug),+> fmt::Debug for $name<$($param),+> {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }

        impl<$($param: Serialize),+> Serialize for $name<$($param),+> {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                self.0.serialize(serializer)
            }
        }

        impl<'de, $($param: Deserialize<'de>),+> Deserialize<'de> for $name<$($param),+>
        where
            $key: Eq + Hash,
        {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                Deserialize::deserialize(deserializer).map(Self)
            }
        }
    };
}

collection!(HashMap<K, V>, Map<K, V>, (K, V), K);
collection!(HashSet<T>, Set<T>, T, T);

impl<K: Eq + Hash, V: PartialEq> PartialEq for HashMap<K, V> {
    fn eq(&self, other: &Self) -> bool {
        self.0 == other.0
    }
}

impl<K: Eq + Hash, V: Eq> Eq for HashMap<K, V> {}

impl<T: Eq + Hash> PartialEq for HashSet<T> {
    fn eq(&self, other: &Self) -> bool {
        self.0 == other.0
    }
}

impl<T: Eq + Hash> Eq for HashSet<T> {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_inserts_give_the_same_order() {
        let order = || (0..100).map(|n| (n, ())).collect::<HashMap<_, _>>().into_keys();
        assert!(order().eq(order()));
        let set: HashSet<_> = (0..100).collect();
        assert!(set.iter().eq(set.clone().iter()));
    }

    #[test]
    fn they_travel_as_json_like_the_standard_ones() {
        let map = HashMap::from([("a".to_owned(), 1)]);
        assert_eq!(serde_json::to_string(&map).expect("JSON"), r#"{"a":1}"#);
        assert_eq!(serde_json::from_str::<HashMap<String, i32>>(r#"{"a":1}"#).expect("JSON"), map);
    }

    #[test]
    fn the_methods_of_the_standard_ones_are_there() {
        let mut map = HashMap::new();
        *map.entry("a").or_insert(0) += 2;
        assert_eq!((map.get("a"), map.contains_key("b"), map["a"]), (Some(&2), false, 2));
    }
}
