//! What activities depend on: values provided once to a worker, found again by their type.

use std::any::{Any, TypeId, type_name};
use std::collections::BTreeMap;
use std::fmt;
use std::marker::PhantomData;
use std::sync::Arc;

use crate::definition::Activity;

/// The values given to a worker with `provide`.
#[derive(Clone, Default)]
pub struct Dependencies {
    /// By type; the type's name is for messages.
    provided: BTreeMap<TypeId, (&'static str, Arc<dyn Any + Send + Sync>)>,
}

impl Dependencies {
    /// Adds a value; a later one of the same type takes the place of an earlier one.
    pub fn provide<T: Send + Sync + 'static>(&mut self, value: T) {
        self.provided.insert(TypeId::of::<T>(), (type_name::<T>(), Arc::new(value)));
    }

    /// The values as one activity sees them.
    #[must_use]
    pub fn of<A: Activity>(&self) -> DependenciesOf<'_, A> {
        DependenciesOf { all: self, activity: PhantomData }
    }
}

impl fmt::Debug for Dependencies {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.provided.values().map(|(name, _)| name)).finish()
    }
}

/// See [`Dependencies::of`].
#[derive(Debug)]
pub struct DependenciesOf<'a, A> {
    all: &'a Dependencies,
    activity: PhantomData<fn() -> A>,
}

impl<A: Activity> DependenciesOf<'_, A> {
    /// The value of type `T`.
    ///
    /// # Errors
    /// It was not provided.
    pub fn get<T: Send + Sync + 'static>(&self) -> Result<Arc<T>, MissingDependency> {
        self.all
            .provided
            .get(&TypeId::of::<T>())
            .and_then(|(_, value)| Arc::clone(value).downcast().ok())
            .ok_or(MissingDependency { activity: A::NAME, wanted: type_name::<T>() })
    }
}

/// An activity needs something that its worker was not given.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "activity `{activity}` needs a `{wanted}`, which the worker was not given: add `.provide(…)` \
     with one, or register only activities that do without"
)]
pub struct MissingDependency {
    activity: &'static str,
    wanted: &'static str,
}
