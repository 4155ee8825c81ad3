//! The stubs of activities and workflows as values: `t.mock(notify_manager, …)`.

use persevere_proto::api::common::v1::Payload;

use crate::call::{ActivityCall, WorkflowCall};
use crate::definition::{Activity, Workflow};
use crate::failure::WireError;
use crate::payload::{Arguments, Value};
use crate::runtime::spec::DecodeError;

/// The stub that `#[activity]` or `#[workflow]` left: the function, passed as a value.
///
/// `Marker` tells apart stubs of activities and workflows and of different numbers of arguments; it
/// is always inferred.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not the stub of an activity or a workflow",
    note = "pass the function that `#[activity]` or `#[workflow]` is on"
)]
pub trait Stub<Marker> {
    /// The argument, or a tuple of several.
    type Arguments;
    /// What it returns.
    type Output: Value;
    /// What it fails with.
    type Error: WireError;
    /// The name on the wire.
    const NAME: &'static str;

    /// The arguments of a call.
    ///
    /// # Errors
    /// They are of other types.
    fn decode(payloads: &[Payload]) -> Result<Self::Arguments, DecodeError>;
}

/// Marks stubs of activities.
#[derive(Debug)]
pub struct OfActivity;

/// Marks stubs of workflows.
#[derive(Debug)]
pub struct OfWorkflow;

macro_rules! stub {
    ($marker:ident, $call:ident, $definition:ident, ($($param:ident),*), $arguments:ty, $decoded:pat => $value:expr) => {
        impl<Fun, D, $($param),*> Stub<($marker, D, ($($param,)*))> for Fun
        where
            Fun: Fn($($param),*) -> $call<D>,
            D: $definition<Input = ($($param,)*)>,
            ($($param,)*): Arguments,
        {
            type Arguments = $arguments;
            type Output = D::Output;
            type Error = D::Error;
            const NAME: &'static str = D::NAME;

            fn decode(payloads: &[Payload]) -> Result<$arguments, DecodeError> {
                let $decoded = D::Input::decode(payloads, D::ARGUMENTS)?;
                Ok($value)
            }
        }
    };
    ($(($($param:ident),*))*) => {
        stub!(OfActivity, ActivityCall, Activity, (A), A, (only,) => only);
        stub!(OfWorkflow, WorkflowCall, Workflow, (A), A, (only,) => only);
        $(
            stub!(OfActivity, ActivityCall, Activity, ($($param),*), ($($param),*), all => all);
            stub!(OfWorkflow, WorkflowCall, Workflow, ($($param),*), ($($param),*), all => all);
        )*
    };
}

stub! {
    ()
    (A, B)
    (A, B, C)
    (A, B, C, D1)
    (A, B, C, D1, E)
    (A, B, C, D1, E, F)
    (A, B, C, D1, E, F, G)
    (A, B, C, D1, E, F, G, H)
}
