//! Finds a typed failure inside any chain of errors, however wrapped, so that its type, details and
//! retryability survive `.context(…)` and `#[from]`.
//!
//! `dyn Error` can only be asked for one concrete type at a time, so every type that derives
//! `Failure` registers how to ask for it.

use std::error::Error as StdError;
use std::marker::PhantomData;

use persevere_proto::api::failure::v1::Failure as ProtoFailure;

use super::{Cancelled, Failure, RemoteFailure, WireError, cancelled};
use crate::Error;
use crate::call::CallError;

type Find = fn(&(dyn StdError + 'static)) -> Option<ProtoFailure>;

/// How to recognise one error type, registered by its derive.
#[derive(Debug)]
pub struct FailureDefinition {
    itself: Find,
    in_call: Find,
}

inventory::collect!(FailureDefinition);

impl FailureDefinition {
    /// Made by the derive, which knows whether the type is a `std::error::Error` itself.
    #[doc(hidden)]
    #[must_use]
    pub const fn of<E: Failure>(itself: Find) -> Self {
        Self { itself, in_call: find_in_call::<E> }
    }
}

fn find_in_call<E: WireError>(error: &(dyn StdError + 'static)) -> Option<ProtoFailure> {
    match error.downcast_ref::<CallError<E>>()? {
        CallError::Failed(error) => Some(error.to_wire()),
        other => Some(other.to_wire()),
    }
}

/// The first typed failure in the chain of `error`.
pub(crate) fn find(error: &(dyn StdError + 'static)) -> Option<ProtoFailure> {
    let mut next = Some(error);
    while let Some(error) = next {
        if let Some(found) = find_here(error) {
            return Some(found);
        }
        next = error.source();
    }
    None
}

fn find_here(error: &(dyn StdError + 'static)) -> Option<ProtoFailure> {
    if let Some(remote) = error.downcast_ref::<RemoteFailure>() {
        return Some(remote.proto().clone());
    }
    if error.is::<Cancelled>() {
        return Some(cancelled());
    }
    find_in_call::<Error>(error).or_else(|| {
        inventory::iter::<FailureDefinition>.into_iter().find_map(|definition| {
            (definition.itself)(error).or_else(|| (definition.in_call)(error))
        })
    })
}

/// Asks for `E` itself where it is a `std::error::Error`, and for nothing where it is not: the
/// derive calls `find` on a reference to a reference, which prefers [`FoundAsError`].
#[derive(Debug)]
pub struct ErrorProbe<E>(PhantomData<fn() -> E>);

impl<E> ErrorProbe<E> {
    /// The probe.
    pub const NEW: Self = Self(PhantomData);
}

/// See [`ErrorProbe`].
pub trait FoundAsError {
    /// The failure that `error` is.
    fn find(&self, error: &(dyn StdError + 'static)) -> Option<ProtoFailure>;
}

impl<E: Failure + StdError> FoundAsError for &ErrorProbe<E> {
    fn find(&self, error: &(dyn StdError + 'static)) -> Option<ProtoFailure> {
        error.downcast_ref::<E>().map(WireError::to_wire)
    }
}

/// See [`ErrorProbe`].
pub trait NeverFound {
    /// Nothing.
    fn find(&self, error: &(dyn StdError + 'static)) -> Option<ProtoFailure>;
}

impl<E> NeverFound for ErrorProbe<E> {
    fn find(&self, _: &(dyn StdError + 'static)) -> Option<ProtoFailure> {
        None
    }
}
